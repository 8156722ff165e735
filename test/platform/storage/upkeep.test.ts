import { mkdir, mkdtemp, readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from '@jest/globals';
import { StorageUnavailable } from '../../../src/errors.ts';
import type { Storage } from '../../../src/platform/storage/storage.ts';
import { openTestStorage } from '../../support/storage.ts';

const hour = 3_600_000;
const bytes = Buffer.from('picture');
const key = 'projects/p/blobs/ab/picture';
let root: string;
let storage: Storage;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'dramatis-upkeep-'));
  storage = await openTestStorage(root);
});

/** Makes a file, or a folder, look as if it had not been changed for so long. */
async function age(name: string, ms: number): Promise<void> {
  const then = (Date.now() - ms) / 1_000;
  await utimes(join(root, name), then, then);
}

it('a file is removed at the second look, an age after the first', async () => {
  await storage.put(key, bytes);
  expect(await storage.upkeep.dispose(key, hour)).toBe('KEPT');
  await age(key, 2 * hour);
  expect(await storage.upkeep.dispose(key, hour)).toBe('MARKED');
  // It can still be read, and it stays for an age after the mark.
  expect(await storage.get(key)).toEqual(bytes);
  expect(await storage.upkeep.dispose(key, hour)).toBe('KEPT');
  expect(await storage.upkeep.dispose(key, 0)).toBe('REMOVED');
  expect(await storage.get(key)).toBeNull();
  expect(await storage.upkeep.dispose(key, 0)).toBe('KEPT');
});

it('bytes that are put once more take the mark away', async () => {
  await storage.put(key, bytes);
  expect(await storage.upkeep.dispose(key, 0)).toBe('MARKED');
  await storage.put(key, bytes);
  expect(await storage.upkeep.dispose(key, hour)).toBe('KEPT');
});

it('bytes that are put while their file is being removed are there afterwards, in either order', async () => {
  for (let times = 0; times < 400; times += 1) {
    await storage.put(key, bytes);
    expect(await storage.upkeep.dispose(key, 0)).toBe('MARKED');
    const disposing = storage.upkeep.dispose(key, 0);
    // A different moment of the removal each time.
    for (let turns = 0; turns < times % 8; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([disposing, storage.put(key, bytes)]);
    expect(await storage.get(key)).toEqual(bytes);
  }
});

it.each(['leaving', '0b5f.leaving'])(
  'a removal leaves alone what another sweeper has named .%s',
  async (suffix) => {
    // It took the file away, and has not looked yet: the bytes were put before.
    await storage.put(key, bytes);
    await rename(join(root, key), join(root, `${key}.${suffix}`));
    await writeFile(join(root, key), bytes);
    expect(await storage.upkeep.dispose(key, 0)).toBe('MARKED');
    expect(await storage.upkeep.dispose(key, 0)).toBe('REMOVED');
    expect(await storage.get(key)).toBeNull();
    await storage.upkeep.listKeys('projects', null, { limit: 10, emptyAgeMs: hour });
    expect(await storage.get(key)).toEqual(bytes);
  },
);

it('a removal that was broken off is ended: a file without its mark gets its name back', async () => {
  const names = ['marked', 'renewed', 'anew'];
  // As versions before this one named it, and as this one does.
  for (const suffix of ['leaving', '0b5f.leaving']) {
    for (const name of names) {
      await storage.put(`projects/p/blobs/ab/${name}`, bytes);
      await rename(
        join(root, `projects/p/blobs/ab/${name}`),
        join(root, `projects/p/blobs/ab/${name}.${suffix}`),
      );
    }
    await utimes(join(root, `projects/p/blobs/ab/marked.${suffix}`), 0, 0);
    await storage.put('projects/p/blobs/ab/anew', Buffer.from('new'));
    await storage.upkeep.listKeys('projects', null, { limit: 10, emptyAgeMs: hour });
    expect((await readdir(join(root, 'projects/p/blobs/ab'))).sort()).toEqual(['anew', 'renewed']);
    expect(await readFile(join(root, 'projects/p/blobs/ab/anew'), 'utf8')).toBe('new');
  }
});

it('pages go through all keys in one order, wherever they begin, and pass over what is not ours', async () => {
  const keys: string[] = [];
  for (const project of ['a', 'b', 'c'])
    for (const shard of ['01', '7f', 'ff'])
      for (const name of ['one', 'three', 'two'].slice(0, shard === 'ff' ? 1 : 3)) {
        keys.push(`projects/${project}/blobs/${shard}/${name}`);
        await storage.put(keys.at(-1) ?? '', bytes);
      }
  await writeFile(join(root, 'projects/b/.of-an-operator'), 'x');
  for (const limit of [1, 2, 3, 5, 100]) {
    const found: string[] = [];
    for (let after: string | null = null, pages = 0; pages < 100; pages += 1) {
      const page = await storage.upkeep.listKeys('projects', after, { limit, emptyAgeMs: hour });
      expect(page.keys.length).toBeLessThanOrEqual(limit);
      found.push(...page.keys);
      after = page.next;
      if (after === null) break;
    }
    expect(found).toEqual(keys);
  }
});

it('a folder that has long been empty goes, one in which something was made lately stays', async () => {
  for (const name of ['old', 'new']) await mkdir(join(root, 'projects', name, 'blobs'), { recursive: true });
  await storage.put(key, bytes);
  await age('projects/old/blobs', 2 * hour);
  const list = () => storage.upkeep.listKeys('projects', null, { limit: 10, emptyAgeMs: hour });
  await list();
  expect(await readdir(join(root, 'projects', 'old'))).toEqual([]);
  await age('projects/old', 2 * hour);
  await list();
  expect((await readdir(join(root, 'projects'))).sort()).toEqual(['new', 'p']);
});

it('unfinished files are removed when they were not written to for long, and those in use stay', async () => {
  const spool = storage.spool();
  await spool.write(bytes);
  for (const name of ['unfinished/dead', '.identity.dead']) await writeFile(join(root, name), 'x');
  for (const name of ['unfinished/dead', '.identity.dead']) await age(name, 2 * hour);
  expect(await storage.upkeep.removeUnfinished(hour)).toBe(2);
  await (await spool.end()).keep(key);
  expect(await storage.get(key)).toEqual(bytes);
  expect((await stat(join(root, '.identity'))).isFile()).toBe(true);
});

it('only the first database that asks may take files for left behind', async () => {
  expect(await storage.upkeep.belongsTo('one')).toBe(true);
  expect(await storage.upkeep.belongsTo('two')).toBe(false);
  expect(await storage.upkeep.belongsTo('one')).toBe(true);
});

it('nothing is looked at, and nothing removed, where the volume is not mounted', async () => {
  await storage.put(key, bytes);
  await rename(root, `${root}-away`);
  await mkdir(join(root, 'projects', 'p', 'blobs', 'ab'), { recursive: true });
  await writeFile(join(root, key), 'x');
  for (const call of [
    () => storage.upkeep.listKeys('projects', null, { limit: 10, emptyAgeMs: 0 }),
    () => storage.upkeep.dispose(key, 0),
    () => storage.upkeep.removeUnfinished(0),
    () => storage.upkeep.belongsTo('one'),
  ])
    await expect(call()).rejects.toThrow(StorageUnavailable);
  storage.close();
});
