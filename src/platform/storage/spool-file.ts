import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inFolders, isThere, litterAgeMs, makeFolder, syncFolder } from '../../durable-file.ts';
import type { SpoolFile } from './storage.ts';

/** As much of the beginning is remembered. */
const headBytes = 4_096;
/** How often a file says that its process lives. */
const livingEveryMs = litterAgeMs / 6;

/** What a spool needs of the storage that it belongs to. */
export interface SpoolPlace {
  /** The folder in which files grow. */
  readonly unfinished: string;
  pathOf(key: string): string;
  /** Refuses while the storage is not there. */
  prove(): Promise<void>;
  /** Turns failures of the disk into StorageUnavailable. */
  unlessIll<Result>(work: () => Promise<Result>, sizeBytes?: number): Promise<Result>;
}

/** A file that grows in storage before it is known what it is. */
export function openSpoolFile({ unfinished, pathOf, prove, unlessIll }: SpoolPlace): SpoolFile {
  const temporary = join(unfinished, randomUUID());
  const hash = createHash('sha256');
  const heads: Buffer[] = [];
  let sizeBytes = 0;
  let file: FileHandle | null = null;
  let living: NodeJS.Timeout | undefined;

  async function opened(): Promise<FileHandle> {
    if (file) return file;
    const makeFolders = async () => {
      await prove();
      await makeFolder(unfinished);
    };
    file = await inFolders(makeFolders, () => open(temporary, 'wx+'));
    // Bytes that wait to be kept may wait for longer than what a dead process has left behind.
    living ??= setInterval(() => void sayItLives(temporary), livingEveryMs).unref();
    return file;
  }

  async function close(): Promise<void> {
    const open = file;
    file = null;
    await open?.close();
  }

  /** It is open for reading only, as long as it may be needed: a file that is open is not lost when its folder is removed. */
  async function hold(): Promise<void> {
    const writing = await opened();
    await writing.sync();
    const reading = await open(temporary, 'r').catch(() => null);
    if (!reading) return;
    file = reading;
    await writing.close();
  }

  /** Gives the bytes a file again where somebody removed it. */
  async function restore(): Promise<void> {
    if (!file || (await isThere(temporary))) return;
    await makeFolder(unfinished);
    await writeFile(temporary, file.createReadStream({ start: 0, autoClose: false }), { flush: true });
  }

  async function keep(path: string): Promise<void> {
    const makeFolders = async () => {
      await makeFolder(dirname(path));
      if (!(await isThere(path))) await restore();
    };
    const move = () =>
      rename(temporary, path).catch(async (error: unknown) => {
        // It was kept before, up to the last step.
        if (!(await isThere(path))) throw error;
      });
    await inFolders(makeFolders, move);
    await syncFolder(dirname(path));
    clearInterval(living);
    await close().catch(() => undefined);
  }

  async function discard(): Promise<void> {
    clearInterval(living);
    await close().catch(() => undefined);
    await unlessIll(() => rm(temporary, { force: true }));
  }

  return {
    write: (chunk) =>
      unlessIll(async () => {
        await (await opened()).writeFile(chunk);
        if (sizeBytes < headBytes) heads.push(chunk.subarray(0, headBytes));
        hash.update(chunk);
        sizeBytes += chunk.length;
      }, chunk.length),
    end: () =>
      unlessIll(async () => {
        await hold();
        return {
          sizeBytes,
          sha256: hash.digest('hex'),
          head: Buffer.concat(heads).subarray(0, headBytes),
          read: () =>
            unlessIll(async () => {
              await restore();
              return readFile(temporary);
            }),
          keep: (key) => unlessIll(() => keep(pathOf(key))),
          discard,
        };
      }),
    discard,
  };
}

async function sayItLives(path: string): Promise<void> {
  const now = new Date();
  // A disk that does not take this is told elsewhere.
  await utimes(path, now, now).catch(() => undefined);
}
