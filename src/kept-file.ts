import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { writeWhole } from './durable-file.ts';
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
 * also when the process is killed or the power fails. Processes that start together all get the text of the first one, where
 * the file system has hard links and the file was not there. Elsewhere one may get a text that another replaces at once.
 */
export async function keptText(path: string, make: () => string): Promise<string> {
  for (;;) {
    const text = await readKept(path);
    if (text !== null) return text;
    await writeWhole(path, `${make()}\n`, { temporary: `${path}.${randomUUID()}`, mode: 0o600, place });
  }
}

/** Gives a file its name, unless another process was first. */
async function place(temporary: string, path: string): Promise<void> {
  const problem: unknown = await link(temporary, path).catch((error: unknown) => error);
  if (problem === undefined) return rm(temporary, { force: true });
  if (!['EEXIST', ...withoutLinks].includes(errorCode(problem) ?? '')) throw problem;
  if ((await readKept(path)) === null) await rename(temporary, path);
  else await rm(temporary, { force: true });
}
