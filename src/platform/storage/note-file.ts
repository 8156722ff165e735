import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../../errors.ts';

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
/** A file half written by a process that died is litter after this long. */
const litterAgeMs = 60 * 60 * 1_000;

/** Makes a folder for notes, and the folder that it is in. */
export async function makeNoteFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await syncFolder(dirname(path));
}

/** The files of a folder that are whole. */
export async function listNoteFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith(extension));
}

/** What a file says; null when it is no longer there. Throws when it says nothing that can be understood. */
export async function readNoteFile(path: string): Promise<readonly NotedIntent[] | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
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
  const temporary = join(folder, `${name}${unfinished}`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(JSON.stringify({ intents }));
      await handle.sync();
    } finally {
      await handle.close();
    }
    onAppear(name);
    await rename(temporary, join(folder, name));
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Removes files that processes began to write and did not finish. */
export async function removeLitter(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(unfinished));
  for (const path of names.map((name) => join(folder, name))) {
    const ageMs = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (ageMs > litterAgeMs) await rm(path, { force: true });
  }
}

/** What was created in a folder, or renamed in it, is there after the power has failed. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
