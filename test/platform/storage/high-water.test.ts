import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { openHighWater } from '../../../src/platform/storage/high-water.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dramatis-mark-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));
const path = () => join(directory, 'mark');
const at = (second: number) => new Date(Date.parse('2026-11-01T12:00:00.123Z') + second * 1_000);

it('is none where there is no file, or none that can be read', async () => {
  expect(await openHighWater(path()).read()).toBeNull();
  await writeFile(path(), 'soon');
  expect(await openHighWater(path()).read()).toBeNull();
});

it('only moves forward, also past a restart, and many at once leave the greatest and no scraps', async () => {
  const mark = openHighWater(path());
  await Promise.all([3, 1, 50, 7, 20].map((second) => mark.note(at(second))));
  expect(await mark.read()).toEqual(at(50));
  const later = openHighWater(path());
  await later.note(at(2));
  expect(await later.read()).toEqual(at(50));
  await later.note(at(51));
  expect(await mark.read()).toEqual(at(51));
  expect(await readdir(directory)).toEqual(['mark']);
});

it('tells when it cannot be written', async () => {
  await expect(openHighWater(join(directory, 'none', 'mark')).note(at(0))).rejects.toThrow(/ENOENT/);
});
