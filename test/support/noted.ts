import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../../src/errors.ts';
import type { NotedIntent } from '../../src/platform/storage/intent-notes.ts';

type Query = (text: string) => Promise<Record<string, unknown>[]>;

/** The folder in which the submits to a database are noted. */
export async function notesFolder(dataDirectory: string | undefined, query: Query): Promise<string> {
  const [named] = await query("SELECT value FROM settings WHERE name = 'database'");
  return join(dataDirectory ?? '', 'intents', String(named?.value));
}

/** Notes a submit as another process does: one that was committed, unless `intent` says otherwise. */
export function note(folder: string, intent: Partial<NotedIntent> = {}): void {
  const noted = { token: randomUUID(), generationId: randomUUID(), server: '', isCommitted: true, ...intent };
  writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify({ intents: [noted] }));
}

/** Everything that is noted in a folder; a file that is replaced meanwhile is read in its new form. */
export function readNotes(folder: string): NotedIntent[] {
  for (;;) {
    try {
      const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
      return names.flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')).intents);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
}
