import { expect, it } from '@jest/globals';
import { forEachOf } from '../../src/platform/for-each-of.ts';
import { delay } from '../support/delay.ts';

it('does the work of each item in their order, for so many at a time', async () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  const begun: number[] = [];
  let [now, most] = [0, 0];
  await forEachOf(items, 3, async (item) => {
    begun.push(item);
    now += 1;
    most = Math.max(most, now);
    await delay(item % 3);
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
    await delay(5);
    ended += 1;
  };
  await expect(forEachOf([0, 1, 2, 3, 4, 5], 3, work)).rejects.toThrow('failed');
  expect([begun, ended]).toEqual([[0, 1, 2], 2]);
});
