import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { makeFolder, nullIfMissing, removeLitter, syncFolder, writeWhole } from '../../durable-file.ts';
import type { Place } from './audit-chain.ts';

/*
 * The heads of the audit log's chains, kept outside of the database: one file for each database, one line for each
 * project. Each anchor was verified against the anchor before and replaces it, so only the newest anchor has to be
 * kept.
 */

/** The content of an anchor. */
export interface Anchor {
  /** The row of `verifications` that was committed before this anchor was written. */
  readonly mark: string;
  /** The time of that row, by the database's clock. */
  readonly at: Date;
  /** The newest verified entry of each project. */
  readonly heads: ReadonlyMap<string, Place>;
}

const header = z.object({ mark: z.uuid(), at: z.iso.datetime().transform((text) => new Date(text)) });
const line = z.object({
  project: z.uuid(),
  sequence: z.number().int().positive().transform(BigInt),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});
const unfinished = '.unfinished';
const wentBack = '.went-back-';

/** The path of a database's anchor in a folder. */
export function anchorPath(folder: string, database: string): string {
  return join(folder, `${z.uuid().parse(database)}.jsonl`);
}

/** Reads an anchor; null when there is none. Throws an Error of one line when its content is not valid. */
export async function readAnchor(path: string): Promise<Anchor | null> {
  const text = await nullIfMissing(readFile(path, 'utf8'));
  if (text === null) return null;
  try {
    const [first = '', ...lines] = text.trimEnd().split('\n');
    const heads = lines.map((each) => line.parse(JSON.parse(each)));
    return {
      ...header.parse(JSON.parse(first)),
      heads: new Map(heads.map(({ project, sequence, hash }) => [project, { sequence, hash }])),
    };
  } catch (cause) {
    throw new Error(`${path} cannot be read: restore it from a backup.`, { cause });
  }
}

/** Replaces an anchor completely or not at all. Resolves to the SHA-256 of the file. */
export async function writeAnchor(path: string, { mark, at, heads }: Anchor): Promise<string> {
  const lines = [...heads].map(([project, { sequence, hash }]) => ({
    project,
    sequence: Number(sequence),
    hash,
  }));
  const content = [{ mark, at }, ...lines].map((each) => `${JSON.stringify(each)}\n`).join('');
  await makeFolder(dirname(path));
  await removeLitter(dirname(path), (name) => name.endsWith(unfinished));
  await writeWhole(path, content, { temporary: `${path}.${randomUUID()}${unfinished}`, mode: 0o600 });
  return createHash('sha256').update(content).digest('hex');
}

/**
 * Keeps the anchor of a database that was restored, beside the next anchor, until a person has found out the reason.
 */
export async function setAnchorAside(path: string, { at }: Anchor): Promise<void> {
  const stamp = at.toISOString().replace(/\D/g, '');
  await rename(path, path.replace(/\.jsonl$/, `${wentBack}${stamp}.jsonl`));
  await syncFolder(dirname(path));
}

/** The paths of a database's anchors that were set aside. */
export async function listAnchorsAside(folder: string, database: string): Promise<string[]> {
  const names = (await nullIfMissing(readdir(folder))) ?? [];
  return names
    .filter((name) => name.startsWith(`${database}${wentBack}`) && name.endsWith('.jsonl'))
    .sort()
    .map((name) => join(folder, name));
}
