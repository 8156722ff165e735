import { randomUUID } from 'node:crypto';
import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inFolders, makeFolder, removeLitter, writeWhole } from '../../durable-file.ts';
import { errorCode, StorageUnavailable } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { unsortedPrefix } from './blob-key.ts';
import { type ClaimStorage, readIdentity, StorageMissing } from './claim-storage.ts';
import { openSpoolFile } from './spool-file.ts';
import type { Storage } from './storage.ts';
import { monitorStorage } from './storage-health.ts';
import { createUpkeep } from './upkeep.ts';

const keyPattern = /^[a-z0-9][a-z0-9_-]*(\/[a-z0-9][a-z0-9_-]*)*$/i;

/** What storage in a folder needs besides the folder. */
export interface LocalStorageOptions {
  readonly log: Pick<Logger, 'warn' | 'info'>;
  readonly claim: ClaimStorage;
}

/**
 * Opens storage in a folder, which is made when it is missing. A file appears complete or not at all, also after a
 * power failure. A folder that cannot be written now is opened nevertheless: stored files may still be readable, and
 * its health shows the problem. While the file with the folder's identity is missing, nothing is written and no file
 * counts as missing, because the folder may be the empty mount point of a volume that is not mounted.
 */
export async function openLocalStorage(root: string, { log, claim }: LocalStorageOptions): Promise<Storage> {
  const unfinished = join(root, 'unfinished');
  const health = monitorStorage(attempt, log);
  /** The identity of the folder with the pictures; null until it is known. */
  let ours: string | null = null;

  function pathOf(key: string): string {
    if (!keyPattern.test(key)) throw new Error(`"${key}" is not a storage key.`);
    return join(root, key);
  }

  async function refuseForeignPlace(): Promise<void> {
    if ((await readIdentity(root)) === null) throw new StorageMissing(`The pictures are not in ${root}.`);
  }

  async function prove(): Promise<void> {
    ours ??= await claim(root);
    await refuseForeignPlace();
  }

  async function write(path: string, bytes: Buffer): Promise<void> {
    const makeFolders = async () => {
      // Before each try, because the folder may be missing as a whole.
      await prove();
      await makeFolder(unfinished);
      await makeFolder(dirname(path));
    };
    await inFolders(makeFolders, () =>
      writeWhole(path, bytes, { temporary: join(unfinished, randomUUID()) }),
    );
  }

  /** Does all steps of storing a new picture: it makes folders and a file, writes bytes, and reads them again. */
  async function attempt(sizeBytes: number): Promise<void> {
    const folder = join(unfinished, randomUUID());
    const path = join(folder, 'projects', 'blobs', 'attempt');
    const bytes = Buffer.alloc(sizeBytes, 1);
    try {
      await write(path, bytes);
      if (!bytes.equals(await readFile(path)))
        throw new Error('The bytes that were read differ from those that were written.');
    } finally {
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  /** Turns every error of the file system into StorageUnavailable, after the health has found out what else fails. */
  async function orUnavailable<Result>(work: () => Promise<Result>, sizeBytes = 0): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      await health.noteFailure(sizeBytes);
      throw new StorageUnavailable({ cause: error });
    }
  }

  /** The result of `work`; null when its file does not exist. */
  async function unlessMissing<Result>(work: () => Promise<Result>): Promise<Result | null> {
    try {
      return await work();
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      await refuseForeignPlace();
      return null;
    }
  }

  const place = { unfinished, pathOf, prove, orUnavailable };
  const storage: Storage = {
    health,
    upkeep: createUpkeep(root, place),
    async put(key, bytes) {
      const path = pathOf(key);
      await orUnavailable(async () => {
        // A key names its content, so an existing file has the same bytes, unless it was damaged.
        const kept = await readFile(path).catch(() => null);
        if (!kept?.equals(bytes) || !(await renew(path))) await write(path, bytes);
      }, bytes.length);
    },
    async get(key) {
      const path = pathOf(key);
      return orUnavailable(() => unlessMissing(() => readFile(path)));
    },
    async open(key) {
      const path = pathOf(key);
      return orUnavailable(() =>
        unlessMissing(async () => {
          const file = await open(path, 'r');
          const facts = await file.stat();
          if (!facts.isFile()) {
            await file.close();
            throw new Error(`${path} is no file.`);
          }
          return { sizeBytes: facts.size, stream: file.createReadStream() };
        }),
      );
    },
    async has(key) {
      const path = pathOf(key);
      return (await orUnavailable(() => unlessMissing(() => stat(path)))) !== null;
    },
    spool: () => openSpoolFile(place),
    async delete(key) {
      const path = pathOf(key);
      await orUnavailable(async () => {
        await refuseForeignPlace();
        await rm(path, { force: true });
      });
    },
    async deleteAll(prefix) {
      const path = pathOf(prefix);
      await orUnavailable(async () => {
        await refuseForeignPlace();
        await rm(path, { recursive: true, force: true });
      });
    },
    async isWhole() {
      const identity = await orUnavailable(() => readIdentity(root));
      return identity !== null && identity === ours && !(await storage.has(unsortedPrefix));
    },
    close: () => health.close(),
  };

  await health.prove(0);
  await removeLitter(unfinished).catch(() => undefined);
  if (health.problem === null && (await readIdentity(root)) !== ours)
    log.warn(
      { root },
      'the pictures of the database are in another folder: DATA_DIR belongs to another installation',
    );
  return storage;
}

/**
 * Renews the time of a file that is put again, so that the sweep does not take it for a file without a row. Resolves to
 * false when that is not possible; the file is then written again.
 */
async function renew(path: string): Promise<boolean> {
  const now = new Date();
  // `utimes` finds the file and then sets its time, and the sweep may rename the file between these steps. When the
  // file still has its name afterwards, the new time was set before any renaming.
  const renewed = utimes(path, now, now).then(() => stat(path));
  return renewed.then(
    () => true,
    // On a read-only file system the sweep cannot remove the file either.
    (error: unknown) => errorCode(error) === 'EROFS',
  );
}
