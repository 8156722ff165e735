import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { advice, keptText, readKept } from './kept-file.ts';
import type { Database } from './platform/db/connect.ts';
import type { MasterKey } from './platform/secrets/keyring.ts';
import { adminApiKey } from './settings/setting-parsers.ts';

/** The admin key, and the file that it is in. */
export interface AdminKey {
  readonly key: string;
  /** The file that holds it; null for a configured one. */
  readonly path: string | null;
  /** Whether this process made the key. */
  readonly isNew: boolean;
}

const adminPrefix = 'dramatis_admin_';
const adminPattern = /^dramatis_admin_[\w-]{32}$/;
const lossOfAdminKey = 'the old admin key is no longer accepted';
const lossOfMasterKey = 'the provider keys of projects can no longer be read, and must be set again';

/**
 * The admin key: the configured key, otherwise the key in the data folder. A new key is made there when there is none.
 * Throws an Error of one line when the file holds no complete key.
 */
export async function adminKey(configured: string | undefined, dataDirectory: string): Promise<AdminKey> {
  if (configured !== undefined) return { key: configured, path: null, isNew: false };
  const path = join(dataDirectory, 'admin-key');
  const make = () => `${adminPrefix}${randomBytes(24).toString('base64url')}`;
  const { text, isNew } = await keptText(path, { make, loss: lossOfAdminKey });
  const problem = adminApiKey.safeParse(text).error?.issues[0]?.message;
  const isCut = text.startsWith(adminPrefix) && !adminPattern.test(text);
  if (problem === undefined && !isCut) return { key: text, path, isNew };
  throw new Error(`${path} is damaged: its key ${problem ?? 'is not whole'}. ${advice(lossOfAdminKey)}`);
}

/**
 * The master keys: the configured keys, otherwise the key in the data folder, which is made when there is none. A key
 * in the data folder stays among the keys that decrypt, so that what it encrypted can be encrypted again with a
 * configured key.
 */
export async function masterKeys(
  configured: readonly MasterKey[],
  dataDirectory: string,
): Promise<readonly [MasterKey, ...MasterKey[]]> {
  const path = join(dataDirectory, 'key-encryption-key');
  const [first, ...others] = configured;
  if (!first) {
    const make = () => randomBytes(32).toString('base64');
    return [keyOfFile(path, (await keptText(path, { make, loss: lossOfMasterKey })).text)];
  }
  const text = await readKept(path, lossOfMasterKey);
  return text === null ? [first, ...others] : [first, ...others, keyOfFile(path, text)];
}

/** The key that signs image URLs. A database has one, so that each process accepts the URLs of the other processes. */
export async function imageSecret(db: Database): Promise<KeyObject> {
  const name = 'image-url-key';
  await db.setting.createMany({
    data: [{ name, value: randomBytes(32).toString('hex') }],
    skipDuplicates: true,
  });
  const { value } = await db.setting.findUniqueOrThrow({ where: { name } });
  const secret = Buffer.from(value, 'hex');
  // A damaged value is refused, because a key of no bytes would let every client sign URLs.
  if (secret.length === 32) return createSecretKey(secret);
  throw new Error(
    `the row "${name}" of the table settings is damaged: it must hold 32 bytes in hexadecimal digits. Delete the row to get a new key: then addresses of pictures that were given out are refused.`,
  );
}

function keyOfFile(path: string, text: string): MasterKey {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 32) return { kid: 'data-dir', bytes };
  throw new Error(`${path} is damaged: it must hold 32 bytes in base64. ${advice(lossOfMasterKey)}`);
}
