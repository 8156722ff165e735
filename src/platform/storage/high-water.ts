import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { errorCode } from '../../errors.ts';

/**
 * A moment that only moves forward, kept in a file: what a database does not remember after it was restored, the file
 * still knows. It may be behind what has happened, and never ahead.
 */
export interface HighWater {
  /** Null where there is none, or nothing that can be read. */
  read(): Promise<Date | null>;
  /** Resolves when the file says this moment, or a later one. Many at once share a write. */
  note(moment: Date): Promise<void>;
}

/** Opens the mark in a file. Several processes may share it: one may set another's back by a moment, never ahead. */
export function openHighWater(path: string): HighWater {
  let known: Date | null = null;
  let wanted = 0;
  let written = 0;
  let writing: Promise<void> | null = null;

  async function read(): Promise<Date | null> {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return '';
      throw error;
    });
    const parsed = z.iso.datetime().safeParse(text.trim());
    return parsed.success ? new Date(parsed.data) : null;
  }

  async function write(): Promise<void> {
    known ??= await read();
    written = Math.max(written, known?.getTime() ?? 0);
    const next = wanted;
    if (next <= written) return;
    const temporary = `${path}.${randomUUID()}`;
    await writeFile(temporary, `${new Date(next).toISOString()}\n`, { mode: 0o600 });
    await rename(temporary, path);
    written = next;
  }

  return {
    read,
    async note(moment) {
      wanted = Math.max(wanted, moment.getTime());
      while (written < moment.getTime()) {
        writing ??= write().finally(() => {
          writing = null;
        });
        await writing;
      }
    },
  };
}
