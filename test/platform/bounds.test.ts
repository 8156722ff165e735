import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { createBounds } from '../../src/platform/bounds.ts';

it('lets so much go on at a time, and so much of it for one key', async () => {
  const bounds = createBounds({ all: 6, each: 4 });
  const now = new Map<string, number>();
  let [most, mostOfOne] = [0, 0];
  const work = (key: string) => async () => {
    now.set(key, (now.get(key) ?? 0) + 1);
    most = Math.max(
      most,
      [...now.values()].reduce((sum, count) => sum + count),
    );
    mostOfOne = Math.max(mostOfOne, ...now.values());
    await sleep(2);
    now.set(key, (now.get(key) ?? 0) - 1);
    return key;
  };
  const keys = Array.from({ length: 90 }, (_, index) => (index < 30 ? 'a' : index % 2 ? 'b' : 'c'));
  expect(await Promise.all(keys.map((key) => bounds.take(key, work(key))))).toEqual(keys);
  expect([most, mostOfOne]).toEqual([6, 4]);
});

it('a key with a thousand things to do holds up no other', async () => {
  const bounds = createBounds({ all: 4, each: 2 });
  const release = new AbortController();
  const held = Array.from({ length: 1_000 }, () =>
    bounds.take('many', () => sleep(20_000, undefined, { signal: release.signal }).catch(() => undefined)),
  );
  expect(await bounds.take('few', async () => 'served')).toBe('served');
  release.abort();
  await Promise.all(held);
});

it('what fails gives its place back', async () => {
  const bounds = createBounds({ all: 1, each: 1 });
  const fail = () => Promise.reject(new Error('failed'));
  await expect(bounds.take('a', fail)).rejects.toThrow('failed');
  await expect(bounds.take('b', async () => 'served')).resolves.toBe('served');
});
