import { randomBytes } from 'node:crypto';
import type { Database } from '../db/connect.ts';

/** The key that signs addresses of pictures: drawn once for a database, so that every process on it knows the others'. */
export async function imageSecret(db: Database): Promise<Buffer> {
  const name = 'image-url-secret';
  await db.setting.createMany({
    data: [{ name, value: randomBytes(32).toString('hex') }],
    skipDuplicates: true,
  });
  const { value } = await db.setting.findUniqueOrThrow({ where: { name } });
  return Buffer.from(value, 'hex');
}
