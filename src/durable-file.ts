import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from './errors.ts';

/*
 * Own code beside write-file-atomic, which syncs the file and not its folder: after a loss of power a file that was renamed
 * may not be there. It also cannot place a file without replacing another, as a key that is
 * made once needs it.
 */

/** A file half written by a process that died is litter after this long. */
export const litterAgeMs = 60 * 60 * 1_000;
/** What a file system answers that cannot sync a folder, or does so by itself. */
const withoutFolderSync = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** How a file is written. */
export interface Writing {
  /** Where it grows until it is whole, on the same file system. */
  readonly temporary: string;
  readonly mode?: number;
  /** Gives it its name. */
  readonly place?: (temporary: string, path: string) => Promise<void>;
}

/** Writes a file that appears whole at `path` or not at all. It is there then, whatever happens to the power. */
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
 * Makes a folder, and those above it, where they are missing. What it made is there whatever happens to the power. Each is
 * tried once: Node's own `recursive` tries for ever where a folder takes no folders, as those of `/proc` do.
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
 * Does what writes into folders that `make` makes. Somebody may remove one of them at any moment, or remove it while it is
 * still empty: then it is made again.
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

/** What was created in a folder, or renamed in it, is there after the power has failed: as far as the file system can. */
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

/** Removes what processes began to write in a folder and did not finish. Resolves to how much it was. */
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

/** How long ago the time of a file was. It is finer than the clock's whole milliseconds, so it may seem to be yet to come. */
export function ageOf(timeMs: number): number {
  return Date.now() - Math.floor(timeMs);
}

/** Whether there is a file or folder of this name that can be looked at. */
export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What the file system answers; null where there is nothing of this name. */
export async function nullIfMissing<Result>(work: Promise<Result>): Promise<Result | null> {
  return work.catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
}
