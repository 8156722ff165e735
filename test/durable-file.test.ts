import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { inFolders, makeFolder, removeLitter, syncFolder, writeWhole } from '../src/durable-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dramatis-durable-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('a folder whose file system cannot sync folders is no failure, and one that is missing is', async () => {
  // The kernel answers EINVAL.
  await syncFolder('/proc');
  await expect(syncFolder(join(folder, 'missing'))).rejects.toThrow('ENOENT');
});

it('folders are made with those above them, once or twice', async () => {
  await makeFolder(join(folder, 'a/b/c'));
  await makeFolder(join(folder, 'a/b/c'));
  expect(await readdir(join(folder, 'a/b'))).toEqual(['c']);
});

it('a folder that takes no folders is a failure, and is not tried for ever', async () => {
  await expect(makeFolder('/proc/none/deeper')).rejects.toThrow('ENOENT');
  await writeFile(join(folder, 'file'), '');
  await expect(makeFolder(join(folder, 'file'))).rejects.toThrow('EEXIST');
});

it('folders are made together by several', async () => {
  await Promise.all(Array.from({ length: 20 }, () => makeFolder(join(folder, 'a/b/c'))));
  expect(await readdir(join(folder, 'a/b'))).toEqual(['c']);
});

it('a file that cannot get its name leaves nothing behind', async () => {
  const temporary = join(folder, 'temporary');
  await expect(writeWhole(join(folder, 'missing/file'), 'text', { temporary })).rejects.toThrow('ENOENT');
  expect(await readdir(folder)).toEqual([]);
});

it('only what is old and unfinished is litter', async () => {
  for (const name of ['old.part', 'old', 'new.part']) await writeFile(join(folder, name), '');
  const before = new Date(Date.now() - 2 * 60 * 60 * 1_000);
  for (const name of ['old.part', 'old']) await utimes(join(folder, name), before, before);
  await removeLitter(folder, (name) => name.endsWith('.part'));
  expect((await readdir(folder)).sort()).toEqual(['new.part', 'old']);
});

describe('work in folders that are removed meanwhile', () => {
  const missing = () => Object.assign(new Error('no such folder'), { code: 'ENOENT' });

  it('is done again in folders that are made again, a few times', async () => {
    const said: string[] = [];
    const failures = [missing(), missing()];
    const make = async () => void said.push('make');
    const work = async () => {
      said.push('work');
      const failure = failures.pop();
      if (failure) throw failure;
      return 'done';
    };
    expect(await inFolders(make, work)).toBe('done');
    expect(said).toEqual(['make', 'work', 'make', 'work', 'make', 'work']);
  });

  it('is done as well when a folder is removed while those below it are made', async () => {
    const failures = [missing()];
    const make = async () => {
      const failure = failures.pop();
      if (failure) throw failure;
    };
    expect(await inFolders(make, async () => 'done')).toBe('done');
  });

  it('fails with what it says where folders are not the reason, or are removed for ever', async () => {
    let times = 0;
    const failing = (error: Error) =>
      inFolders(
        async () => undefined,
        async () => {
          times += 1;
          throw error;
        },
      );
    await expect(failing(new Error('full'))).rejects.toThrow('full');
    await expect(failing(missing())).rejects.toThrow('no such folder');
    expect(times).toBe(4);
  });
});
