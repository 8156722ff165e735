import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { keptText, readKept } from './kept-file.ts';
import type { Database } from './platform/db/connect.ts';
import type { MasterKey } from './platform/secrets/keyring.ts';

/** The admin key: the configured one, else the one kept in the data folder, else a new one, which is kept there. */
export async function adminKey(configured: string | undefined, dataDirectory: string): Promise<string> {
  if (configured !== undefined) return configured;
  return keptText(
    join(dataDirectory, 'admin-key'),
    () => `dramatis_admin_${randomBytes(24).toString('base64url')}`,
  );
}

/**
 * The master keys: the configured ones, else the one kept in the data folder, made when there is none. Once there is
 * one it stays among those that open, so that what it sealed can be sealed anew with a configured one.
 */
export async function masterKeys(
  configured: readonly MasterKey[],
  dataDirectory: string,
): Promise<readonly [MasterKey, ...MasterKey[]]> {
  const path = join(dataDirectory, 'key-encryption-key');
  const [first, ...others] = configured;
  if (!first) return [keyOfFile(path, await keptText(path, () => randomBytes(32).toString('base64')))];
  const text = await readKept(path);
  return text === null ? [first, ...others] : [first, ...others, keyOfFile(path, text)];
}

/** The key that signs image URLs: drawn once for a database, so that every process on it knows the others' URLs. */
export async function imageSecret(db: Database): Promise<Buffer> {
  const name = 'image-url-key';
  await db.setting.createMany({
    data: [{ name, value: randomBytes(32).toString('hex') }],
    skipDuplicates: true,
  });
  const { value } = await db.setting.findUniqueOrThrow({ where: { name } });
  return Buffer.from(value, 'hex');
}

function keyOfFile(path: string, text: string): MasterKey {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 32) return { kid: 'data-dir', bytes };
  throw new Error(`${path} is damaged: it must hold 32 bytes in base64; restore it from a backup.`);
}
