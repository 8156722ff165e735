import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger } from '../../src/logger.ts';
import { openLocalStorage } from '../../src/platform/storage/local-storage.ts';
import type { Storage } from '../../src/platform/storage/storage.ts';

/** Storage in a folder that belongs to no database; ends with the test's process. */
export function openTestStorage(root: string, lines: string[] = []): Promise<Storage> {
  const log = createLogger('info', { write: (line) => void lines.push(line) });
  const claim = async () => {
    await mkdir(root, { recursive: true });
    await writeFile(join(root, '.identity'), 'test\n');
    return 'test';
  };
  return openLocalStorage(root, { log, claim });
}
