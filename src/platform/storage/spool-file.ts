import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inFolders, isThere, litterAgeMs, makeFolder, syncFolder } from '../../durable-file.ts';
import type { SpoolFile } from './storage.ts';

/** How many bytes of the beginning are kept in memory. */
const headBytes = 4_096;
/** How often the time of a file is renewed, which shows that its process still runs. */
const livingEveryMs = litterAgeMs / 6;

/** The part of its storage that a spool needs. */
export interface SpoolPlace {
  /** The folder of unfinished files. */
  readonly unfinished: string;
  pathOf(key: string): string;
  /** Throws while the storage is missing. */
  prove(): Promise<void>;
  /** Turns errors of the disk into StorageUnavailable. */
  orUnavailable<Result>(work: () => Promise<Result>, sizeBytes?: number): Promise<Result>;
}

/** Opens a file in storage for bytes whose key is not known yet. */
export function openSpoolFile({ unfinished, pathOf, prove, orUnavailable }: SpoolPlace): SpoolFile {
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
    // Bytes may wait to be kept for longer than the age at which the files of a dead process are removed.
    living ??= setInterval(() => void renew(temporary), livingEveryMs).unref();
    return file;
  }

  async function close(): Promise<void> {
    const open = file;
    file = null;
    await open?.close();
  }

  /** Keeps the file open for reading, because the bytes of an open file are not lost when its folder is removed. */
  async function hold(): Promise<void> {
    const writing = await opened();
    await writing.sync();
    const reading = await open(temporary, 'r').catch(() => null);
    if (!reading) return;
    file = reading;
    await writing.close();
  }

  /** Writes the bytes to a file again when the file was removed. */
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
        // An earlier call has renamed the file already, but failed in a later step.
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
    await orUnavailable(() => rm(temporary, { force: true }));
  }

  return {
    write: (chunk) =>
      orUnavailable(async () => {
        await (await opened()).writeFile(chunk);
        if (sizeBytes < headBytes) heads.push(chunk.subarray(0, headBytes));
        hash.update(chunk);
        sizeBytes += chunk.length;
      }, chunk.length),
    end: () =>
      orUnavailable(async () => {
        await hold();
        return {
          sizeBytes,
          sha256: hash.digest('hex'),
          head: Buffer.concat(heads).subarray(0, headBytes),
          read: () =>
            orUnavailable(async () => {
              await restore();
              return readFile(temporary);
            }),
          keep: (key) => orUnavailable(() => keep(pathOf(key))),
          discard,
        };
      }),
    discard,
  };
}

async function renew(path: string): Promise<void> {
  const now = new Date();
  // A failing disk is reported by the storage's health.
  await utimes(path, now, now).catch(() => undefined);
}
