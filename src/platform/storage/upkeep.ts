import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { link, readdir, readFile, rename, rm, rmdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ageOf, nullIfMissing, removeLitter, writeWhole } from '../../durable-file.ts';
import { errorCode } from '../../errors.ts';
import type { SpoolPlace } from './spool-file.ts';
import type { FilesPage, StorageUpkeep } from './storage.ts';

/*
 * How a file that no row names is removed, although a writer may be about to write the row. There are no locks, because
 * writers of files do not use the database, and several machines may share the folder. The removal is safe, because:
 *
 * - Every writer has the bytes, and calls `put` before it writes the row. `put` writes the file, or renews the time of
 *   the existing file.
 * - The first time that an old file is found without a row, it is marked: its time becomes `mark`. A later `put` takes
 *   the mark away. The file is removed only when it is found without a row again, `ageMs` after it was marked (its
 *   ctime is the moment of the mark). In this time a writer that had called `put` before the mark can write its row.
 * - A file is removed in two steps: it gets another name, and then the file with that name is checked. A `put` before
 *   the renaming has taken the mark away, so the file gets its name back. A `put` after the renaming finds no file and
 *   writes one. A process that dies between the two steps leaves a name that the next round finds. The new name is used
 *   once, so a second sweeper cannot give it to another file between the check and the removal.
 */

/** The time of a file that was found without a row. No file is really written at this moment. */
const mark = new Date(0);
/** The name of a file during its removal, which begins with its own name. Earlier versions used no random part. */
const leavingPattern = /^([^.]+)\.(?:[^.]+\.)?leaving$/;
/** The file with the id of the database whose files are swept. */
const databaseName = '.database';
/** The most folders that are read for one page. */
const mostFolders = 2_000;

interface Walk {
  readonly keys: string[];
  readonly limit: number;
  readonly emptyAgeMs: number;
  folders: number;
  /** The last place that was read; set when the page is full. */
  next: string | null;
}

/** The upkeep of a folder of pictures. */
export function createUpkeep(
  root: string,
  { unfinished, pathOf, prove, orUnavailable }: SpoolPlace,
): StorageUpkeep {
  return {
    listKeys: (prefix, after, { limit, emptyAgeMs }) =>
      orUnavailable(async () => {
        await prove();
        const walk: Walk = { keys: [], limit, emptyAgeMs, folders: 0, next: null };
        const segments = after === null ? [] : after.split('/').slice(1);
        await look(walk, join(root, prefix), prefix, segments, true);
        return { keys: walk.keys, next: walk.next } satisfies FilesPage;
      }),
    dispose: (key, ageMs) =>
      orUnavailable(async () => {
        await prove();
        const path = pathOf(key);
        const facts = await nullIfMissing(stat(path));
        if (!facts?.isFile()) return 'KEPT';
        const isMarked = facts.mtimeMs === mark.getTime();
        if (ageOf(isMarked ? facts.ctimeMs : facts.mtimeMs) < ageMs) return 'KEPT';
        if (!isMarked) {
          await nullIfMissing(utimes(path, mark, mark));
          return 'MARKED';
        }
        const leaving = `${path}.${randomUUID()}.leaving`;
        await nullIfMissing(rename(path, leaving));
        return (await leave(leaving, path)) ? 'REMOVED' : 'KEPT';
      }),
    belongsTo: (database) =>
      orUnavailable(async () => {
        await prove();
        const path = join(root, databaseName);
        const known = await nullIfMissing(readFile(path, 'utf8'));
        if (known !== null) return known.trim() === database;
        await writeWhole(path, `${database}\n`, { temporary: `${path}.${randomUUID()}` });
        return true;
      }),
    removeUnfinished: (ageMs) =>
      orUnavailable(async () => {
        await prove();
        const isOurs = (name: string) => /^\.(identity|database)\./.test(name);
        const names = await removeLitter(root, isOurs, ageMs);
        return names + ((await nullIfMissing(removeLitter(unfinished, () => true, ageMs))) ?? 0);
      }),
  };
}

/** Reads a folder in the order of the names, from `after` on. Resolves to whether it reached the end. */
async function look(
  walk: Walk,
  path: string,
  prefix: string,
  after: string[],
  isRoot = false,
): Promise<boolean> {
  const entries = (await nullIfMissing(readdir(path, { withFileTypes: true }))) ?? [];
  walk.folders += 1;
  if (entries.length === 0 && !isRoot) await removeEmpty(path, walk.emptyAgeMs);
  const [from, ...rest] = after;
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const isResumed = entry.name === from;
    if (from !== undefined && (entry.name < from || (isResumed && rest.length === 0))) continue;
    const key = `${prefix}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!(await look(walk, join(path, entry.name), key, isResumed ? rest : []))) return false;
    } else await take(walk, path, entry, key);
    if (walk.keys.length >= walk.limit || walk.folders >= mostFolders) {
      walk.next = key;
      return false;
    }
  }
  return true;
}

async function take({ keys }: Walk, path: string, { name }: Dirent, key: string): Promise<void> {
  // The name of a key's file has no dot.
  const [, own] = leavingPattern.exec(name) ?? [];
  if (own !== undefined) await leave(join(path, name), join(path, own));
  else if (!name.includes('.')) keys.push(key);
}

/** The second step of a removal, of the file whose own name is `path`. Resolves to whether the file is gone. */
async function leave(leaving: string, path: string): Promise<boolean> {
  const facts = await nullIfMissing(stat(leaving));
  const isMarked = facts === null || facts.mtimeMs === mark.getTime();
  if (!isMarked)
    await link(leaving, path).catch((error: unknown) => {
      // The file was written again meanwhile, or another sweeper has found the name and ended the removal.
      if (!['EEXIST', 'ENOENT'].includes(errorCode(error) ?? '')) throw error;
    });
  await rm(leaving, { force: true });
  return isMarked;
}

/** Removes an empty folder, unless it was changed lately: a writer may be about to put a file into it. */
async function removeEmpty(path: string, ageMs: number): Promise<void> {
  const facts = await nullIfMissing(stat(path));
  if (facts && ageOf(facts.mtimeMs) >= ageMs)
    await rmdir(path).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errorCode(error) ?? '')) throw error;
    });
}
