import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { keptText } from '../src/kept-file.ts';
import { adminKey, masterKeys } from '../src/own-keys.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dramatis-keys-'));
});
afterEach(() => rm(directory, { recursive: true }));

const configured = [{ kid: '2026', bytes: Buffer.alloc(32, 7) }];

it('ten processes that start together get one text, which is whole and for its owner alone', async () => {
  const path = join(directory, 'key');
  const texts = await Promise.all(
    Array.from({ length: 10 }, (_, index) => keptText(path, () => `made-${index}`)),
  );
  expect(new Set(texts).size).toBe(1);
  expect(await readFile(path, 'utf8')).toBe(`${texts[0]}\n`);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(['key']);
});

it.each(['', '\n'])('a file that was never written to its end (%j) is made anew', async (rest) => {
  await writeFile(join(directory, 'admin-key'), rest);
  await writeFile(join(directory, 'key-encryption-key'), rest);
  const key = await adminKey(undefined, directory);
  expect(key).toMatch(/^dramatis_admin_.{32}$/);
  expect(await adminKey(undefined, directory)).toBe(key);
  // Beside configured ones it is none, rather than a key of no bytes.
  expect(await masterKeys(configured, directory)).toEqual(configured);
  const [made] = await masterKeys([], directory);
  expect(made.bytes).toHaveLength(32);
  expect(await masterKeys([], directory)).toEqual([made]);
  expect(await masterKeys(configured, directory)).toEqual([...configured, made]);
});

it('what was written is kept, and a master key that is damaged is never replaced', async () => {
  await writeFile(join(directory, 'admin-key'), 'my own key of this installation\n');
  expect(await adminKey(undefined, directory)).toBe('my own key of this installation');
  await writeFile(join(directory, 'key-encryption-key'), Buffer.alloc(20, 1).toString('base64'));
  const problem =
    /key-encryption-key is damaged: it must hold 32 bytes in base64; restore it from a backup\.$/;
  await expect(masterKeys([], directory)).rejects.toThrow(problem);
  await expect(masterKeys(configured, directory)).rejects.toThrow(problem);
});
