import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { explainDataFolder } from '../src/data-folder.ts';
import { startServer } from './support/starts.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dramatis-data-folder-'));
  await writeFile(join(folder, 'file'), '');
  await symlink(join(folder, 'nowhere'), join(folder, 'dangling'));
  await mkdir(join(folder, 'blocked'));
  await writeFile(join(folder, 'blocked/postgres'), '');
  await mkdir(join(folder, 'closed'), { mode: 0o500 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const isRoot = process.getuid?.() === 0;
const places: readonly (readonly [string, string])[] = [
  ['FOLDER/file', 'it exists and is not a folder (EEXIST).'],
  ['FOLDER/file/below', 'FOLDER/file: it exists and is not a folder (EEXIST).'],
  ['FOLDER/dangling', 'it exists and is not a folder (EEXIST).'],
  ['FOLDER/blocked', 'FOLDER/blocked/postgres: it exists and is not a folder (EEXIST).'],
  ['/proc/none', 'nothing can be created there (ENOENT).'],
  ['/proc/none/deeper', '/proc/none: nothing can be created there (ENOENT).'],
  // It is there, and takes no folder of ours.
  ['/proc', '/proc/postgres: nothing can be created there (ENOENT).'],
  // The superuser may write everywhere.
  ...(isRoot
    ? []
    : ([['FOLDER/closed/new', 'the user of this process must be able to write there (EACCES).']] as const)),
];

it.each(places)(
  'a start with DATA_DIR %s ends with one line that names it and says why',
  async (place, why) => {
    const inFolder = (text: string) => text.replaceAll('FOLDER', folder);
    const start = startServer({ DATA_DIR: inFolder(place) });
    expect(await start.exited).toBe(1);
    expect(start.said()).toBe(
      `Dramatis cannot start: DATA_DIR ${inFolder(place)} cannot be used: ${inFolder(why)}\n`,
    );
    expect(start.log).toEqual([]);
  },
);

it('a code without words of its own is told as the system says it', () => {
  const error = Object.assign(new Error('EIO: i/o error, open /data/x'), { code: 'EIO', path: '/data/x' });
  expect(explainDataFolder(error, '/data').message).toBe(
    'DATA_DIR /data cannot be used: /data/x: EIO: i/o error, open /data/x (EIO).',
  );
});

it('an error about another path, or about none, stays as it is', () => {
  const elsewhere = Object.assign(new Error('ENOENT'), { code: 'ENOENT', path: '/database/x' });
  expect(explainDataFolder(elsewhere, '/data')).toBe(elsewhere);
  const pathless = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  expect(explainDataFolder(pathless, '/data')).toBe(pathless);
  expect(explainDataFolder('thrown', '/data').message).toBe('thrown');
});
