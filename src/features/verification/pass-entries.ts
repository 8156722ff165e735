import type pg from 'pg';
import { z } from 'zod';
import { nilId } from '../../platform/db/nil-id.ts';
import { beginning, readHead, readHeads, verifyChain } from './audit-chain.ts';
import type { Step } from './pass.ts';

/** The approximate limit of entries of a step, and the limit of its projects. */
const most = { entries: 2_000n, projects: 50 };

const entryPlace = z.object({
  project: z.uuid(),
  /** The number of the entry up to which its chain was read. */
  sequence: z.string().regex(/^\d+$/).transform(BigInt),
  hash: z.string().nullable(),
});
type EntryPlace = z.output<typeof entryPlace>;

const first: EntryPlace = { project: nilId, ...beginning };

/**
 * Reads the next entries of all chains, each chain from its first entry on. The regular verification compares only the
 * newest entries with the anchor; this pass finds changes before the anchor.
 */
export const readEntriesOn: Step = async ({ client, signal }, after, report) => {
  let place = entryPlace.safeParse(after).data ?? first;
  let read = 0n;
  for (let projects = 0; read < most.entries && projects < most.projects; projects += 1) {
    if (signal.aborted) break;
    const next = await findNext(client, place);
    if (next === null) return { next: null, read: Number(read) };
    const { project, head, from } = next;
    const walk = await verifyChain(
      client,
      { project, head },
      { from, anchor: null, most: most.entries - read, report, signal },
    );
    read += walk.read;
    place = { project, ...walk.end };
  }
  return { next: { ...place, sequence: String(place.sequence) }, read: Number(read) };
};

/** The chain that follows a place: the rest of the same chain, or the chain of the next project. */
async function findNext(client: pg.ClientBase, { project, ...from }: EntryPlace) {
  const head = await readHead(client, project);
  if (head !== null && head.sequence > from.sequence) return { project, head, from };
  const [next] = await readHeads(client, project, 1);
  return next ? { ...next, from: beginning } : null;
}
