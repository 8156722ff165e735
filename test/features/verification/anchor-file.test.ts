import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  anchorPath,
  listAnchorsAside,
  readAnchor,
  setAnchorAside,
  writeAnchor,
} from '../../../src/features/verification/anchor-file.ts';

let folder: string;
beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'dramatis-anchor-')), 'audit-anchors');
});
afterAll(() => rm(join(folder, '..'), { recursive: true }));

const anchor = () => ({
  mark: randomUUID(),
  at: new Date('2026-11-28T12:00:00.123Z'),
  heads: new Map([
    [randomUUID(), { sequence: 3n, hash: 'a'.repeat(64) }],
    [randomUUID(), { sequence: 9_007_199_254_740_991n, hash: '0'.repeat(64) }],
  ]),
});

it('reads what it wrote, whose hash it tells, and replaces it whole', async () => {
  const path = anchorPath(folder, randomUUID());
  expect(await readAnchor(path)).toBeNull();
  for (const each of [anchor(), { ...anchor(), heads: new Map() }]) {
    const digest = await writeAnchor(path, each);
    expect(await readAnchor(path)).toEqual(each);
    expect(
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ).toBe(digest);
  }
  expect(await readdir(folder)).toHaveLength(1);
});

it('keeps those of each database apart, and those that were set aside', async () => {
  const [one, two] = [randomUUID(), randomUUID()];
  const path = anchorPath(folder, one);
  const kept = anchor();
  await writeAnchor(path, kept);
  await writeAnchor(anchorPath(folder, two), anchor());
  expect(await listAnchorsAside(folder, one)).toEqual([]);
  await setAnchorAside(path, kept);
  expect(await readAnchor(path)).toBeNull();
  const [aside = '', ...others] = await listAnchorsAside(folder, one);
  expect(others).toEqual([]);
  expect(await readAnchor(aside)).toEqual(kept);
  expect(await listAnchorsAside(folder, two)).toEqual([]);
  expect(await listAnchorsAside(join(folder, 'nothing'), one)).toEqual([]);
});

it.each(['', '{}\n', 'nonsense', '{"mark":"x"}\n'])('refuses a file that is not one: %j', async (text) => {
  const path = anchorPath(folder, randomUUID());
  await writeFile(path, text);
  await expect(readAnchor(path)).rejects.toThrow(`${path} cannot be read: restore it from a backup.`);
});

it('refuses a file that was cut', async () => {
  const path = anchorPath(folder, randomUUID());
  await writeAnchor(path, anchor());
  await writeFile(path, (await readFile(path)).subarray(0, -20));
  await expect(readAnchor(path)).rejects.toThrow('cannot be read');
});

it('takes no name that leads out of the folder', () => {
  expect(() => anchorPath(folder, '../other')).toThrow();
});
