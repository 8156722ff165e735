import { chmod, mkdir, mkdtemp, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { StorageUnavailable } from '../../../src/errors.ts';
import { blobKey, variantKey } from '../../../src/platform/storage/blob-key.ts';
import { eventually } from '../../support/eventually.ts';
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

it('makes the folder for unfinished files again, and mends a picture that was damaged', async () => {
  const root = await folder();
  const storage = await openTestStorage(root);
  const key = blobKey('p1', sha256);
  await rm(join(root, 'unfinished'), { recursive: true });
  await storage.put(key, Buffer.from('picture'));
  await writeFile(join(root, key), 'pictxre');
  await storage.put(key, Buffer.from('picture'));
  expect(await storage.get(key)).toEqual(Buffer.from('picture'));
});

describe('a folder that is removed while the server runs is made again', () => {
  it.each(['unfinished', 'projects', 'projects/p1', 'projects/p1/blobs', 'projects/p1/blobs/ab'])(
    '%s',
    async (name) => {
      const root = await folder();
      const lines: string[] = [];
      const storage = await openTestStorage(root, lines);
      const key = blobKey('p1', sha256);
      await storage.put(key, Buffer.from('before'));
      await rm(join(root, name), { recursive: true });
      await storage.put(key, Buffer.from('picture'));
      expect(await storage.get(key)).toEqual(Buffer.from('picture'));
      await rm(join(root, name), { recursive: true });
      const spool = storage.spool();
      await spool.write(Buffer.from('large'));
      await (await spool.end()).keep(key);
      expect(await storage.get(key)).toEqual(Buffer.from('large'));
      expect(lines).toEqual([]);
    },
  );
});

it.each([
  ['comes', 'written'],
  ['waits to be kept', 'ended'],
] as const)('a large answer outlives the folder that it is in, also while it %s', async (_, when) => {
  const root = await folder();
  const storage = await openTestStorage(root);
  const key = blobKey('p1', sha256);
  const spool = storage.spool();
  const remove = () => rm(join(root, 'unfinished'), { recursive: true });
  await spool.write(Buffer.from('the first half, '));
  if (when === 'written') await remove();
  await spool.write(Buffer.from('the second half'));
  const ended = await spool.end();
  if (when === 'ended') await remove();
  expect(String(await ended.read())).toBe('the first half, the second half');
  await remove();
  await ended.keep(key);
  await ended.keep(key);
  expect(String(await storage.get(key))).toBe('the first half, the second half');
  expect(await readdir(join(root, 'unfinished'))).toEqual([]);
});

describe('what cannot be read is not missing', () => {
  it.each<[string, (path: string) => Promise<unknown>]>([
    ['a folder in its place', (path) => mkdir(path)],
    ['an error of the disk', (path) => symlink('/proc/self/mem', path)],
    ['links in a circle', (path) => symlink(path, path)],
  ])('%s, and the rest goes on', async (_, damage) => {
    const root = await folder();
    const lines: string[] = [];
    const storage = await openTestStorage(root, lines);
    await storage.put('projects/a', Buffer.from('x'));
    await damage(join(root, 'projects', 'b'));
    await expect(storage.get('projects/b')).rejects.toThrow(StorageUnavailable);
    expect([storage.health.problem, lines]).toEqual([null, []]);
    expect(await storage.get('projects/a')).toEqual(Buffer.from('x'));
  });
});

/** Does something as a user whom permissions concern. */
async function unprivileged(work: () => Promise<unknown>): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

it('a folder without permission does not work, and works again with it', async () => {
  const root = await folder();
  await chmod(root, 0o755);
  const lines: string[] = [];
  const storage = await openTestStorage(root, lines);
  for (const path of [root, join(root, 'unfinished')]) await chmod(path, 0o555);
  await unprivileged(async () => {
    await expect(storage.put('projects/a', Buffer.from('x'))).rejects.toThrow(StorageUnavailable);
    expect(storage.health.problem).toBe('cannot be written: EACCES');
  });
  for (const path of [root, join(root, 'unfinished')]) await chmod(path, 0o755);
  await eventually('the storage to be well', () => storage.health.problem === null);
  await storage.put('projects/a', Buffer.from('x'));
  expect(lines).toHaveLength(2);
  storage.close();
});

it('a folder that is gone is not made again, and what was in it is not missing', async () => {
  const root = await folder();
  const storage = await openTestStorage(root);
  await storage.put('projects/a', Buffer.from('x'));
  await rename(root, `${root}-away`);
  for (const call of [
    () => storage.put('projects/b', Buffer.from('y')),
    () => storage.get('projects/a'),
    () => storage.has('projects/a'),
    () => storage.delete('projects/a'),
    () => storage.deleteAll('projects'),
  ])
    await expect(call()).rejects.toThrow(StorageUnavailable);
  await rename(`${root}-away`, root);
  await eventually('the storage to be well', () => storage.health.problem === null);
  expect(await storage.get('projects/a')).toEqual(Buffer.from('x'));
  expect(await storage.get('projects/b')).toBeNull();
});
