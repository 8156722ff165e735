import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { nullIfMissing, removeLitter, writeWhole } from '../../durable-file.ts';

const noted = z.object({
  token: z.uuid(),
  generationId: z.uuid(),
  /** The Postgres on which the intent is to be committed. The name also identifies the start of that Postgres. */
  server: z.string(),
  /** Whether the process has seen that the intent was committed. */
  isCommitted: z.boolean(),
});
const file = z.object({ intents: z.array(noted) });

/** An intent to submit, as a process has noted it. */
export type NotedIntent = z.infer<typeof noted>;

const extension = '.json';
const unfinished = '.unfinished';

/** The names of the complete note files of a folder. */
export async function listNoteFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith(extension));
}

/** The intents in a file; null when the file is gone. Throws when its content is not valid. */
export async function readNoteFile(path: string): Promise<readonly NotedIntent[] | null> {
  const text = await nullIfMissing(readFile(path, 'utf8'));
  if (text === null) return null;
  try {
    return file.parse(JSON.parse(text)).intents;
  } catch (cause) {
    const advice = 'It records what was submitted: restore it, or remove it.';
    throw new Error(`${path} cannot be read. ${advice}`, { cause });
  }
}

/** Writes a new file. Resolves when it survives a power failure. It appears complete, just after `onAppear`. */
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

/** Removes note files that processes began to write and did not finish. */
export function removeUnfinishedNotes(folder: string): Promise<number> {
  return removeLitter(folder, (name) => name.endsWith(unfinished));
}
