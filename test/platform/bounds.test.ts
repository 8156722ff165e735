import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { createBounds, forEachOf } from '../../src/platform/bounds.ts';

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

it('does the work of each item in their order, for so many at a time', async () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  const begun: number[] = [];
  let [now, most] = [0, 0];
  await forEachOf(items, 3, async (item) => {
    begun.push(item);
    now += 1;
    most = Math.max(most, now);
    await sleep(item % 3);
    now -= 1;
  });
  expect([begun, most, now]).toEqual([items, 3, 0]);
  await forEachOf([], 3, () => Promise.reject(new Error('nothing to do')));
});

it('begins nothing more after a failure, and tells it when what was under way has ended', async () => {
  const begun: number[] = [];
  let ended = 0;
  const work = async (item: number) => {
    begun.push(item);
    if (item === 1) throw new Error('failed');
    await sleep(5);
    ended += 1;
  };
  await expect(forEachOf([0, 1, 2, 3, 4, 5], 3, work)).rejects.toThrow('failed');
  expect([begun, ended]).toEqual([[0, 1, 2], 2]);
});
