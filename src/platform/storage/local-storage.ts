import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode } from '../../errors.ts';
import { type Storage, StorageFull } from './storage.ts';

const keyPattern = /^[a-z0-9][a-z0-9_-]*(\/[a-z0-9][a-z0-9_-]*)*$/i;
/** A file half written by a process that died is litter after this long. */
const litterAgeMs = 60 * 60 * 1_000;

/** Opens storage in a folder, made when missing. Files appear whole or not at all, also when the power fails. */
export async function openLocalStorage(root: string): Promise<Storage> {
  const unfinished = join(root, 'unfinished');
  await mkdir(unfinished, { recursive: true });
  await removeLitter(unfinished);

  function pathOf(key: string): string {
    if (!keyPattern.test(key)) throw new Error(`"${key}" is not a storage key.`);
    return join(root, key);
  }

  async function has(key: string): Promise<boolean> {
    return stat(pathOf(key)).then(() => true, ignoreMissing(false));
  }

  return {
    has,
    async put(key, bytes) {
      // Keys name their content: what is there is what would be written.
      if (await has(key)) return;
      const path = pathOf(key);
      const temporary = join(unfinished, randomUUID());
      try {
        await mkdir(dirname(path), { recursive: true });
        const file = await open(temporary, 'wx');
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        if (['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')) {
          throw new StorageFull('The disk is full.', { cause: error });
        }
        throw error;
      }
    },
    async get(key) {
      return readFile(pathOf(key)).catch(ignoreMissing(null));
    },
    async delete(key) {
      await rm(pathOf(key), { force: true });
    },
    async deleteAll(prefix) {
      await rm(pathOf(prefix), { recursive: true, force: true });
    },
  };
}

async function removeLitter(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const modifiedAt = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      ignoreMissing(Number.POSITIVE_INFINITY),
    );
    if (Date.now() - modifiedAt > litterAgeMs) await rm(path, { force: true });
  }
}

function ignoreMissing<Fallback>(fallback: Fallback) {
  return (error: unknown): Fallback => {
    if (errorCode(error) === 'ENOENT') return fallback;
    throw error;
  };
}
