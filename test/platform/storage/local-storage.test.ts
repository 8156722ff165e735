import { mkdtemp, readdir, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { blobKey, variantKey } from '../../../src/platform/storage/blob-key.ts';
import { openTestStorage } from '../../support/storage.ts';

const folder = () => mkdtemp(join(tmpdir(), 'dramatis-storage-'));
const sha256 = 'ab'.repeat(32);

it.each(['', '/etc/passwd', '../up', 'a/../../b', 'a//b', 'a\0b', '.hidden'])('%j is no key', async (key) => {
  const storage = await openTestStorage(await folder());
  await expect(storage.put(key, Buffer.from('x'))).rejects.toThrow('is not a storage key');
  await expect(storage.get(key)).rejects.toThrow('is not a storage key');
});

it('keeps what was put, once, however many put it at once, and leaves nothing half written', async () => {
  const root = await folder();
  const storage = await openTestStorage(root);
  expect(await storage.get(blobKey('p1', sha256))).toBeNull();
  await Promise.all(
    Array.from({ length: 20 }, () => storage.put(blobKey('p1', sha256), Buffer.from('picture'))),
  );
  expect(await storage.get(blobKey('p1', sha256))).toEqual(Buffer.from('picture'));
  expect(await readdir(join(root, 'unfinished'))).toEqual([]);
  await storage.delete(blobKey('p1', sha256));
  await storage.delete(blobKey('p1', sha256));
  expect(await storage.has(blobKey('p1', sha256))).toBe(false);
});

it('names each variant differently', () => {
  const keys = [
    blobKey('p1', sha256),
    variantKey({ projectId: 'p1', sha256 }, null, 'WEBP'),
    variantKey({ projectId: 'p1', sha256 }, 64, null),
    variantKey({ projectId: 'p1', sha256 }, 64, 'WEBP'),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

it('clears away what a process left half written an hour ago, not what one is writing', async () => {
  const root = await folder();
  await openTestStorage(root);
  for (const name of ['old', 'new']) await writeFile(join(root, 'unfinished', name), 'x');
  const twoHoursAgo = Date.now() / 1_000 - 7_200;
  await utimes(join(root, 'unfinished', 'old'), twoHoursAgo, twoHoursAgo);
  await openTestStorage(root);
  expect(await readdir(join(root, 'unfinished'))).toEqual(['new']);
});
