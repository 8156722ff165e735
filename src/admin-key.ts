import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The admin key: the configured one, else the one kept in the data folder, else a new one, which is kept there. */
export async function adminKey(configured: string | undefined, dataDirectory: string): Promise<string> {
  if (configured !== undefined) return configured;
  const path = join(dataDirectory, 'admin-key');
  const made = `dramatis_admin_${randomBytes(24).toString('base64url')}`;
  // Processes that start together on one folder must agree: only the first writes.
  await writeFile(path, `${made}\n`, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return (await readFile(path, 'utf8')).trim();
}
