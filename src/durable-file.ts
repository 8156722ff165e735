import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from './errors.ts';

/*
 * Own code beside write-file-atomic, which syncs the file and not its folder: after a loss of power a renamed file may
 * be missing. It also cannot place a file without replacing another file, which a key that is made once needs.
 */

/** The age after which an unfinished file belongs to a process that died, and is removed. */
export const litterAgeMs = 60 * 60 * 1_000;
/** The error codes of a file system that cannot sync a folder, or that does so by itself. */
const withoutFolderSync = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** How a file is written. */
export interface Writing {
  /** The path of the file until it is whole, on the same file system. */
  readonly temporary: string;
  readonly mode?: number;
  /** Gives the file its final name. */
  readonly place?: (temporary: string, path: string) => Promise<void>;
}

/** Writes a file that appears whole at `path` or not at all. Afterwards it also survives a loss of power. */
export async function writeWhole(
  path: string,
  content: string | Buffer,
  { temporary, mode, place = rename }: Writing,
): Promise<void> {
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await place(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/**
 * Makes a folder, and the folders above it, if they are missing. New folders survive a loss of power. Each folder is
 * tried once: Node's own `recursive` tries for ever in a folder that accepts no folders, such as `/proc`.
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  const folder = resolve(path);
  if (await isFolder(folder)) return;
  const above = dirname(folder);
  if (above !== folder) await makeFolder(above, mode);
  try {
    await mkdir(folder, mode);
  } catch (error) {
    // Another process may have made it meanwhile.
    if (errorCode(error) === 'EEXIST' && (await isFolder(folder))) return;
    throw error;
  }
  await syncFolder(above);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}

/**
 * Does work that writes into folders that `make` makes. An operator or another process may remove such a folder at any
 * moment: then it is made again.
 */
export async function inFolders<Result>(
  make: () => Promise<unknown>,
  work: () => Promise<Result>,
  tries = 3,
): Promise<Result> {
  try {
    await make();
    return await work();
  } catch (error) {
    if (tries <= 1 || errorCode(error) !== 'ENOENT') throw error;
    return inFolders(make, work, tries - 1);
  }
}

/** Syncs a folder, so that new and renamed files in it survive a loss of power, if the file system can do this. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } catch (error) {
    if (!withoutFolderSync.includes(errorCode(error) ?? '')) throw error;
  } finally {
    await folder.close();
  }
}

/** Removes unfinished files of ended processes from a folder. Resolves to the number of removed files. */
export async function removeLitter(
  folder: string,
  isUnfinished: (name: string) => boolean = () => true,
  ageMs = litterAgeMs,
): Promise<number> {
  let count = 0;
  for (const name of (await readdir(folder)).filter(isUnfinished)) {
    const path = join(folder, name);
    const facts = await stat(path).catch(() => null);
    if (!facts || ageOf(facts.mtimeMs) < ageMs) continue;
    await rm(path, { recursive: true, force: true });
    count += 1;
  }
  return count;
}

/**
 * The milliseconds since the time of a file. That time is finer than the clock's whole milliseconds, so it is rounded
 * down: otherwise it could be in the future.
 */
export function ageOf(timeMs: number): number {
  return Date.now() - Math.floor(timeMs);
}

/** Whether there is a file or folder of this name that can be read by `stat`. */
export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The result of a call of the file system; null when nothing of this name exists. */
export async function nullIfMissing<Result>(work: Promise<Result>): Promise<Result | null> {
  return work.catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
}
