import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './errors.ts';
import type { Database } from './platform/db/connect.ts';
import type { MasterKey } from './platform/secrets/keyring.ts';

/** The admin key: the configured one, else the one kept in the data folder, else a new one, which is kept there. */
export async function adminKey(configured: string | undefined, dataDirectory: string): Promise<string> {
  if (configured !== undefined) return configured;
  return kept(join(dataDirectory, 'admin-key'), `dramatis_admin_${randomBytes(24).toString('base64url')}`);
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
  const ofFile = (text: string) => ({ kid: 'data-dir', bytes: Buffer.from(text, 'base64') });
  const [first, ...others] = configured;
  if (!first) return [ofFile(await kept(path, randomBytes(32).toString('base64')))];
  return existsSync(path) ? [first, ...others, ofFile(await readFile(path, 'utf8'))] : [first, ...others];
}

/** The key that signs image URLs: drawn once for a database, so that every process on it knows the others' URLs. */
export async function imageSecret(db: Database): Promise<Buffer> {
  const name = 'image-url-secret';
  await db.setting.createMany({
    data: [{ name, value: randomBytes(32).toString('hex') }],
    skipDuplicates: true,
  });
  const { value } = await db.setting.findUniqueOrThrow({ where: { name } });
  return Buffer.from(value, 'hex');
}

/**
 * The text of a file, written at first use. Processes that start together on one folder must agree: only the first
 * writes.
 */
export async function kept(path: string, made: string): Promise<string> {
  await writeFile(path, `${made}\n`, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error;
  });
  return (await readFile(path, 'utf8')).trim();
}
