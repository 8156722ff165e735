import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { RateLimited } from '../../../src/errors.ts';
import { type CostMeter, createCostMeter } from '../../../src/platform/limits/cost-meter.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let meters: CostMeter[];
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.query('DELETE FROM rate_limits');
  meters = [1, 2].map(() => createCostMeter({ databaseUrl: database.url, perSecond: 10, burst: 5_000 }));
});
const close = () => Promise.all(meters.map((meter) => meter.close()));

it('does not lose points when many spend at once', async () => {
  const [meter] = meters;
  const all = await Promise.allSettled(Array.from({ length: 300 }, () => meter?.spend('a', 1)));
  expect(all.filter(({ status }) => status === 'rejected')).toEqual([]);
  expect((await meter?.spend('a', 1))?.remaining).toBe(5_000 - 301);
  await close();
});

it('gives out all points and not one more, over two processes and in odd sums', async () => {
  let taken = 0;
  let refused = 0;
  const spend = async (index: number) => {
    const points = 1 + ((index * 37) % 250);
    try {
      await meters[index % 2]?.spend('a', points);
      taken += points;
    } catch (error) {
      if (!(error instanceof RateLimited)) throw error;
      refused += 1;
    }
  };
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => spend(round * 20 + index)));
  }
  expect(refused).toBeGreaterThan(0);
  expect(taken).toBeLessThanOrEqual(5_000);
  expect(taken).toBeGreaterThan(4_000);
  // Another viewer has its own points.
  expect((await meters[0]?.spend('b', 5_000))?.remaining).toBe(0);
  await expect(meters[1]?.spend('b', 1)).rejects.toThrow(RateLimited);
  await close();
});

it('counts by itself while the database does not answer, and has no limit for the admin', async () => {
  const meter = createCostMeter({
    databaseUrl: 'postgresql://x:y@127.0.0.1:1/none',
    perSecond: 10,
    burst: 100,
  });
  expect((await meter.spend('a', 60)).remaining).toBe(40);
  await expect(meter.spend('a', 60)).rejects.toThrow(RateLimited);
  expect((await meter.spend('a', 40)).remaining).toBe(0);
  expect(await meter.spend(null, 1_000_000)).toEqual({
    requested: 1_000_000,
    remaining: 100,
    restoreRate: 10,
  });
  await meter.close();
});
