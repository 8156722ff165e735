import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { writeWhole } from './durable-file.ts';
import { errorCode, toError } from './errors.ts';

/*
 * A key or password is written to a temporary file, which is then linked to its final name. So the first of several
 * processes wins. A file that exists and holds no complete key is refused and never replaced, because the key that
 * was in it may be in use. The embedded cluster is made in a folder of another name, marked as complete, and then
 * renamed.
 */

/** The error codes of a file system without hard links. */
const withoutLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** The text of a file. */
export interface Kept {
  readonly text: string;
  /** Whether this call made the text. */
  readonly isNew: boolean;
}

/** How a file is made when there is none. */
export interface Making {
  make(): string;
  /** What is lost when a new text replaces a lost one: a clause, for the message that refuses an empty file. */
  readonly loss: string;
}

/** The text of a file; null without a file. Throws an Error of one line for a file that is empty or cannot be read. */
export async function readKept(path: string, loss?: string): Promise<string | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    if (errorCode(error) === 'EISDIR')
      throw new Error(`${path} is a folder, and must be a file. ${advice(loss)}`);
    throw new Error(
      `${path} cannot be read (${errorCode(error)}): the user of this process needs the right to read it.`,
      {
        cause: toError(error),
      },
    );
  }
  if (text.trim() === '') throw new Error(`${path} is empty. ${advice(loss)}`);
  return text.trim();
}

/** What an operator can do about a file that holds nothing usable. */
export function advice(loss: string | undefined): string {
  const restore = 'Restore it from a backup';
  return loss === undefined ? `${restore}.` : `${restore}, or remove it to get a new one: then ${loss}.`;
}

/**
 * The text of a file. The file is made when there is none, and only its owner can read it. The file is complete or
 * absent, also when the process is killed or the power fails. Processes that start together all get the text of the
 * first process if the file system has hard links. Without hard links a process may get a text that another process
 * replaces at once. An empty file is never replaced, because a person may have the text that was in it.
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

/** Gives a temporary file its final name, unless another process was first. */
async function place(temporary: string, path: string): Promise<void> {
  const problem: unknown = await link(temporary, path).catch((error: unknown) => error);
  if (problem === undefined) return rm(temporary, { force: true });
  if (!['EEXIST', ...withoutLinks].includes(errorCode(problem) ?? '')) throw problem;
  if ((await readKept(path)) === null) await rename(temporary, path);
  else await rm(temporary, { force: true });
}
