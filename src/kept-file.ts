import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { writeWhole } from './durable-file.ts';
import { errorCode, toError } from './errors.ts';

/*
 * Keys and passwords are written under another name and linked to their own, so the first of several processes wins.
 * A file that is there and holds no whole key is refused and never replaced, because the key that was in it may be
 * in use. The embedded cluster is made in a folder of another name, marked as whole, and then renamed.
 */

/** What a file system answers that has no hard links. */
const withoutLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** The text of a file. */
export interface Kept {
  readonly text: string;
  /** This call made it. */
  readonly isNew: boolean;
}

/** How a file is made when there is none. */
export interface Making {
  make(): string;
  /** What a new text in place of a lost one costs: a clause, for the sentence that refuses an empty file. */
  readonly loss: string;
}

/** The text of a file; null where there is none. Throws an Error of one line for a file that is empty or cannot be read. */
export async function readKept(path: string, loss?: string): Promise<string | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    if (errorCode(error) === 'EISDIR')
      throw new Error(`${path} is a folder, and must be a file. ${advice(loss)}`);
    throw new Error(
      `${path} cannot be read (${errorCode(error)}): the user of this process must be able to.`,
      {
        cause: toError(error),
      },
    );
  }
  if (text.trim() === '') throw new Error(`${path} is empty. ${advice(loss)}`);
  return text.trim();
}

/** What to do about a file that holds nothing usable. */
export function advice(loss: string | undefined): string {
  const restore = 'Restore it from a backup';
  return loss === undefined ? `${restore}.` : `${restore}, or remove it to get a new one: then ${loss}.`;
}

/**
 * The text of a file that is made when there is none, readable for its owner alone. The file appears whole or not at all,
 * also when the process is killed or the power fails. Processes that start together all get the text of the first one, where
 * the file system has hard links. Elsewhere one may get a text that another replaces at once. An empty file is never
 * replaced: a person may have the text that was in it.
 */
export async function keptText(path: string, { make, loss }: Making): Promise<Kept> {
  let made: string | undefined;
  for (;;) {
    const text = await readKept(path, loss);
    if (text !== null) return { text, isNew: text === made };
    made = make();
    await writeWhole(path, `${made}\n`, { temporary: `${path}.${randomUUID()}`, mode: 0o600, place });
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
