import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder, syncFolder } from '../../durable-file.ts';
import type { SpoolFile } from './storage.ts';

/** As much of the beginning is remembered. */
const headBytes = 4_096;

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

  async function opened(): Promise<FileHandle> {
    if (file) return file;
    await prove();
    await makeFolder(unfinished);
    file = await open(temporary, 'wx');
    return file;
  }

  async function close(): Promise<void> {
    const open = file;
    file = null;
    await open?.close();
  }

  const discard = () => unlessIll(() => rm(temporary, { force: true }));

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
        await (await opened()).sync();
        await close();
        return {
          sizeBytes,
          sha256: hash.digest('hex'),
          head: Buffer.concat(heads).subarray(0, headBytes),
          read: () => unlessIll(() => readFile(temporary)),
          keep: (key) => unlessIll(() => place(temporary, pathOf(key))),
          discard,
        };
      }),
    async discard() {
      await close().catch(() => undefined);
      await discard();
    },
  };
}

async function place(temporary: string, path: string): Promise<void> {
  await makeFolder(dirname(path));
  await rename(temporary, path).catch(async (error: unknown) => {
    // It was kept before, up to the last step.
    await stat(path).catch(() => Promise.reject(error));
  });
  await syncFolder(dirname(path));
}
