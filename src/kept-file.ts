import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { errorCode } from './errors.ts';

/** What a file system answers that has no hard links. */
const withoutLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** The text of a file; null where there is none. An empty file was never written to its end: it counts as none. */
export async function readKept(path: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  });
  return text.trim() || null;
}

/**
 * The text of a file that is made when there is none, readable for its owner alone. The file appears whole or not at all,
 * also when the process is killed or the power fails; processes that start together all get the text of the first one.
 */
export async function keptText(path: string, make: () => string): Promise<string> {
  for (;;) {
    const text = await readKept(path);
    if (text !== null) return text;
    const temporary = `${path}.${randomUUID()}`;
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(`${make()}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await place(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

/** Gives a file its name, unless another process was first. */
async function place(temporary: string, path: string): Promise<void> {
  const problem: unknown = await link(temporary, path).catch((error: unknown) => error);
  if (problem === undefined) return;
  if (!['EEXIST', ...withoutLinks].includes(errorCode(problem) ?? '')) throw problem;
  if ((await readKept(path)) === null) await rename(temporary, path);
}
