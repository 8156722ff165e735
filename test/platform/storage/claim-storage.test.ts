import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { hasImages } from '../../../src/features/images/has-images.ts';
import { createLogger } from '../../../src/logger.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { claimFor } from '../../../src/platform/storage/claim-storage.ts';
import { openLocalStorage } from '../../../src/platform/storage/local-storage.ts';
import type { Storage } from '../../../src/platform/storage/storage.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';

let database: TestDatabase;
let db: Database;
let folder: string;
const opened: Storage[] = [];
beforeEach(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url, { maxConnections: 5 });
  folder = await mkdtemp(join(tmpdir(), 'dramatis-claim-'));
});
afterEach(async () => {
  for (const storage of opened.splice(0)) storage.close();
  await db.$disconnect();
  await database.drop();
  await rm(folder, { recursive: true });
});

const root = (name = 'storage') => join(folder, name);
const identity = async (name = 'storage') => (await readFile(join(root(name), '.identity'), 'utf8')).trim();
const known = async () => (await db.setting.findUnique({ where: { name: 'storage-identity' } }))?.value;
async function open(name = 'storage'): Promise<Storage> {
  const storage = await openLocalStorage(root(name), {
    log: createLogger('silent'),
    claim: claimFor(db, hasImages),
  });
  opened.push(storage);
  return storage;
}
async function addPicture(): Promise<void> {
  const { id: projectId } = await db.project.create({ data: { name: 'Pictures' } });
  const facts = { contentType: 'image/png', sizeBytes: 1, width: 1, height: 1 };
  await db.image.create({ data: { projectId, sha256: 'a'.repeat(64), ...facts } });
}

it('five processes that share a new folder give it one identity', async () => {
  const storages = await Promise.all([1, 2, 3, 4, 5].map(() => open()));
  expect(await identity()).toBe(await known());
  for (const storage of storages) {
    expect(storage.health.problem).toBeNull();
    expect(await storage.isWhole()).toBe(true);
  }
});

it('a folder that a new database meets keeps its identity', async () => {
  await mkdir(root(), { recursive: true });
  await writeFile(join(root(), '.identity'), 'older\n');
  expect(await (await open()).isWhole()).toBe(true);
  expect([await identity(), await known()]).toEqual(['older', 'older']);
});

it('a folder of before there were identities gets that of the database', async () => {
  await addPicture();
  await mkdir(join(root(), 'projects'), { recursive: true });
  expect(await (await open()).isWhole()).toBe(true);
  await rm(join(root(), '.identity'));
  expect(await (await open()).isWhole()).toBe(true);
  expect(await identity()).toBe(await known());
});

it.each([
  ['that has an identity', true],
  ['of before there were identities', false],
])('an empty folder never takes the place of one %s; when that is back all is well', async (_, isNew) => {
  await addPicture();
  await mkdir(join(root('volume'), 'projects'), { recursive: true });
  if (isNew) (await open('volume')).close();
  await mkdir(root());
  const storage = await open();
  expect(storage.health.problem).toBe('cannot be written: NOT_MOUNTED');
  await expect(storage.put('projects/a', Buffer.from('x'))).rejects.toThrow('cannot be stored');
  await expect(storage.get('projects/a')).rejects.toThrow('cannot be stored');
  await expect(storage.deleteAll('projects')).rejects.toThrow('cannot be stored');
  await rm(root(), { recursive: true });
  await rename(root('volume'), root());
  await eventually('the storage to be well', () => storage.health.problem === null);
  expect(await storage.get('projects/a')).toBeNull();
  expect(await storage.isWhole()).toBe(true);
});

it('another installation’s folder can be written, and proves nothing about what it does not have', async () => {
  await open();
  await mkdir(root('other'));
  await writeFile(join(root('other'), '.identity'), 'other\n');
  const other = await open('other');
  await other.put('projects/a', Buffer.from('x'));
  expect(await other.isWhole()).toBe(false);
  expect(await (await open('third')).isWhole()).toBe(false);
});

it('what is not sorted by project yet is not lost', async () => {
  const storage = await open();
  await mkdir(join(root(), 'blobs'));
  expect(await storage.isWhole()).toBe(false);
});
