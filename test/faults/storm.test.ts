import { expect, it } from '@jest/globals';
import { storm } from '../storm/storm.ts';

it('servers are killed, Postgres crashes, the provider misbehaves: every amount adds up', async () => {
  const { failures, table } = await storm(
    {
      runs: 40,
      seed: 7,
      killEvery: 1.25,
      crashEvery: 8,
      failOverAt: null,
      outageAt: {},
      transport: 'model',
      weather: 13,
      settleFor: 60,
      limit: 150,
    },
    AbortSignal.timeout(150_000),
  );
  expect(failures).toEqual([]);
  expect(table.kills).toBeGreaterThanOrEqual(8);
  expect(table['crashes of Postgres']).toBeGreaterThanOrEqual(1);
  expect(table.COMPLETED).toBeGreaterThan(15);
  // Or there was nothing to sweep.
  expect(table['left behind before the sweep, unusedUploads']).toBeGreaterThan(0);
  // What has no room is refused, or nothing was guarded.
  expect(table['refused: BUDGET_EXCEEDED']).toBeGreaterThan(0);
}, 180_000);
