import type pg from 'pg';
import { nilId } from '../../platform/db/nil-id.ts';
import { entryColumns, firstPreviousHash, hashOf, type StoredEntry } from './audit-hash.ts';
import type { Report } from './finding.ts';

const batchSize = 1_000n;
const projectsAtOnce = 500;
/** The greatest bigint of Postgres. */
const highest = 2n ** 63n - 1n;

/** The place of an entry in its project's chain. Its hash depends on all entries up to it. */
export interface Place {
  readonly sequence: bigint;
  readonly hash: string;
}

/** How chains are verified. */
export interface ChainOptions {
  /** The place of each project that was anchored last. */
  readonly anchors: ReadonlyMap<string, Place>;
  /** Whether chains are read from the first entry on. Otherwise they are read from the anchored entry on. */
  readonly isFull: boolean;
  readonly report: Report;
  /** Ends the verification early, with the result up to then. */
  readonly signal?: AbortSignal | undefined;
}

/** The result of a verification of chains. */
export interface VerifiedChains {
  /** The newest entry of each project whose chain is correct. */
  readonly heads: ReadonlyMap<string, Place>;
  readonly projects: number;
  /** How many entries were read. */
  readonly read: bigint;
}

/** Verifies the chains of all projects, also of deleted ones, in portions. Entries may be added meanwhile. */
export async function verifyChains(client: pg.ClientBase, options: ChainOptions): Promise<VerifiedChains> {
  const { anchors, report, signal } = options;
  const heads = new Map<string, Place>();
  const unseen = new Set(anchors.keys());
  let projects = 0;
  let read = 0n;
  for await (const { project, head } of listHeads(client)) {
    if (signal?.aborted) return { heads, projects, read };
    projects += 1;
    unseen.delete(project);
    const anchor = anchors.get(project) ?? null;
    if (!options.isFull && anchor && isSame(anchor, head)) {
      heads.set(project, head);
      continue;
    }
    // The anchored entry is read again, to see whether it exists and matches its hash.
    const isShort = !options.isFull && anchor !== null && anchor.sequence > 1n;
    const from = isShort ? { sequence: anchor.sequence - 1n, hash: null } : beginning;
    const walk = await verifyChain(client, { project, head }, { from, anchor, report, signal });
    read += walk.read;
    if (walk.last) heads.set(project, walk.last);
  }
  for (const project of unseen) reportShort(report, project, 0n, anchors.get(project));
  return { heads, projects, read };
}

function isSame(one: Place, other: Place): boolean {
  return one.sequence === other.sequence && one.hash === other.hash;
}

/** A project, and its newest entry. */
export interface Head {
  readonly project: string;
  readonly head: Place;
}

async function* listHeads(client: pg.ClientBase): AsyncGenerator<Head> {
  for (let after: string = nilId; ; ) {
    const heads = await readHeads(client, after, projectsAtOnce);
    yield* heads;
    const last = heads.at(-1);
    if (!last || heads.length < projectsAtOnce) return;
    after = last.project;
  }
}

/** The heads of the next projects: one step in the index for each project, however many entries it has. */
export async function readHeads(client: pg.ClientBase, after: string, limit: number): Promise<Head[]> {
  const { rows } = await client.query<{ project: string; sequence: string; hash: string }>(
    `WITH RECURSIVE next AS (
       SELECT (SELECT project_id FROM audit_entries WHERE project_id > $1 ORDER BY project_id LIMIT 1) AS project_id, 1 AS place
       UNION ALL
       SELECT (SELECT e.project_id FROM audit_entries e WHERE e.project_id > n.project_id ORDER BY e.project_id LIMIT 1), place + 1
       FROM next n WHERE n.project_id IS NOT NULL AND place < $2)
     SELECT n.project_id::text AS project, head.sequence::text, head.hash
     FROM next n CROSS JOIN LATERAL (
       SELECT sequence, hash FROM audit_entries e WHERE e.project_id = n.project_id ORDER BY sequence DESC LIMIT 1) head
     ORDER BY n.project_id`,
    [after, limit],
  );
  return rows.map(({ project, sequence, hash }) => ({ project, head: { sequence: BigInt(sequence), hash } }));
}

/** The newest entry of one project; null when it has none. */
export async function readHead(client: pg.ClientBase, project: string): Promise<Place | null> {
  const { rows } = await client.query<{ sequence: string; hash: string }>(
    'SELECT sequence::text, hash FROM audit_entries e WHERE project_id = $1 ORDER BY e.sequence DESC LIMIT 1',
    [project],
  );
  return rows.map(({ sequence, hash }) => ({ sequence: BigInt(sequence), hash }))[0] ?? null;
}

/** The entry after which a chain is read; `hash` is null when it is not known. */
export interface Start {
  readonly sequence: bigint;
  readonly hash: string | null;
}

/** The place before the first entry of a chain. */
export const beginning: Place = { sequence: 0n, hash: firstPreviousHash };

/** How one chain is read. */
interface Walk {
  readonly from: Start;
  /** The anchored place of the chain; null when there is none. */
  readonly anchor: Place | null;
  /** The reading ends after about this number of entries; without it, at the head. */
  readonly most?: bigint;
  readonly report: Report;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads one project's chain up to `head`. `last` is null when there was a finding, and when nothing was read. `end` is
 * the entry that was read last, from which a later call can continue.
 */
export async function verifyChain(
  client: pg.ClientBase,
  { project, head }: { readonly project: string; readonly head: Place },
  { from, anchor, most = highest, report, signal }: Walk,
): Promise<{ last: Place | null; read: bigint; end: Start }> {
  let read = 0n;
  let isSound = true;
  const reportUnsound: Report = (finding) => {
    isSound = false;
    report(finding);
  };
  let end = from;
  if (from.sequence === 0n) await refuseNumbersBelowOne(client, project, reportUnsound);
  for (let after = from.sequence; after < head.sequence && read < most && !signal?.aborted; ) {
    const rows = await readEntries(client, project, after);
    for (const entry of rows) {
      const sequence = BigInt(entry.sequence);
      verifyEntry(entry, end, reportUnsound);
      if (anchor && sequence === anchor.sequence && entry.hash !== anchor.hash)
        reportUnsound({
          kind: 'AUDIT_LOG_REWRITTEN',
          project,
          subject: entry.sequence,
          message: `entry ${sequence} is not the entry that was anchored: the log was written again up to it`,
        });
      end = { sequence, hash: entry.hash };
    }
    read += BigInt(rows.length);
    // A gap of any size is passed in one step.
    after = rows.length > 0 ? after + batchSize : await beforeNext(client, project, after);
  }
  if (anchor && head.sequence < anchor.sequence) reportShort(reportUnsound, project, head.sequence, anchor);
  const { sequence, hash } = end;
  return { last: isSound && read > 0n && hash !== null ? { sequence, hash } : null, read, end };
}

/**
 * Reads the entries of a range of numbers, so that each portion costs the same, whatever statistics the planner has.
 */
async function readEntries(client: pg.ClientBase, project: string, after: bigint): Promise<StoredEntry[]> {
  const { rows } = await client.query<StoredEntry>(
    `SELECT ${entryColumns} FROM audit_entries e
     WHERE project_id = $1 AND e.sequence > $2 AND e.sequence <= $3 ORDER BY e.sequence`,
    [project, after, after + batchSize < highest ? after + batchSize : highest],
  );
  return rows;
}

async function beforeNext(client: pg.ClientBase, project: string, after: bigint): Promise<bigint> {
  const { rows } = await client.query<{ before: string }>(
    'SELECT (min(sequence) - 1)::text AS before FROM audit_entries WHERE project_id = $1 AND sequence > $2',
    [project, after],
  );
  return BigInt(rows[0]?.before ?? highest);
}

async function refuseNumbersBelowOne(client: pg.ClientBase, project: string, report: Report): Promise<void> {
  const { rows } = await client.query<{ sequence: string }>(
    'SELECT sequence::text FROM audit_entries e WHERE project_id = $1 AND e.sequence < 1 ORDER BY e.sequence LIMIT 10',
    [project],
  );
  for (const { sequence: subject } of rows) {
    const message = `there is an entry ${subject}, and numbers begin at 1`;
    report({ kind: 'AUDIT_CHAIN_BROKEN', project, subject, message });
  }
}

/** Verifies an entry's own hash, and that it follows the entry before. */
function verifyEntry(entry: StoredEntry, before: Start, report: Report): void {
  const { project, sequence: subject } = entry;
  const expected = before.sequence + 1n;
  if (BigInt(subject) !== expected) {
    const message = `the entries ${expected} to ${BigInt(subject) - 1n} are missing`;
    report({ kind: 'AUDIT_ENTRIES_MISSING', project, subject, message });
  } else if (before.hash !== null && entry.previousHash !== before.hash) {
    const message = `entry ${subject} does not contain the hash of entry ${before.sequence}`;
    report({ kind: 'AUDIT_CHAIN_BROKEN', project, subject, message });
  }
  if (hashOf(entry) !== entry.hash) {
    const message = `entry ${subject} does not match its hash: it was changed`;
    report({ kind: 'AUDIT_ENTRY_CHANGED', project, subject, message });
  }
}

function reportShort(report: Report, project: string, reached: bigint, anchor: Place | undefined): void {
  if (!anchor) return;
  report({
    kind: 'AUDIT_LOG_SHORTENED',
    project,
    subject: String(anchor.sequence),
    message: `entry ${anchor.sequence} was anchored, and the newest entry is now ${reached}`,
  });
}
