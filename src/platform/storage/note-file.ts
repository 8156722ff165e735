import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { nullIfMissing, removeLitter, writeWhole } from '../../durable-file.ts';

const noted = z.object({
  token: z.uuid(),
  generationId: z.uuid(),
  /** The Postgres on which it is committed, if it is: it names the start of its process. */
  server: z.string(),
  /** The process has seen that it was committed. */
  isCommitted: z.boolean(),
});
const file = z.object({ intents: z.array(noted) });

/** An intent to submit, as a process has noted it. */
export type NotedIntent = z.infer<typeof noted>;

const extension = '.json';
const unfinished = '.unfinished';

/** The files of a folder that are whole. */
export async function listNoteFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith(extension));
}

/** What a file says; null when it is no longer there. Throws when it says nothing that can be understood. */
export async function readNoteFile(path: string): Promise<readonly NotedIntent[] | null> {
  const text = await nullIfMissing(readFile(path, 'utf8'));
  if (text === null) return null;
  try {
    return file.parse(JSON.parse(text)).intents;
  } catch (cause) {
    const advice = 'It says what was submitted: put it back, or remove it.';
    throw new Error(`${path} cannot be read. ${advice}`, { cause });
  }
}

/** Writes a new file; resolves when it is there whatever happens to the power. It appears whole, at `onAppear`. */
export async function writeNoteFile(
  folder: string,
  id: string,
  intents: readonly NotedIntent[],
  onAppear: (name: string) => void,
): Promise<void> {
  const name = `${id}${extension}`;
  await writeWhole(join(folder, name), JSON.stringify({ intents }), {
    temporary: join(folder, `${name}${unfinished}`),
    mode: 0o600,
    place(temporary, path) {
      onAppear(name);
      return rename(temporary, path);
    },
  });
}

/** Removes notes that processes began to write and did not finish. */
export function removeUnfinishedNotes(folder: string): Promise<number> {
  return removeLitter(folder, (name) => name.endsWith(unfinished));
}
