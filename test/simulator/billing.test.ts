import { describe, expect, it } from '@jest/globals';
import { cataloguePrice } from '../../src/simulator/billing.ts';
import { eventually } from '../support/eventually.ts';
import { post, read, start, submit } from '../support/simulator.ts';

const slug = 'consistent-character';
const credits = '/v1/get-user-credits';

describe('the bill', () => {
  it('charges nothing for what was refused, failed, or is not complete', async () => {
    let now = 0;
    const simulator = await start({ now: () => now });
    for (const fault of ['400', '500', '429', 'failed', 'failed-200', 'blocked', 'stuck'])
      await post(simulator, `/v2/${slug}`, { prompt: `[[simulate:${fault}]]` });
    await post(simulator, `/v2/${slug}`, { seed: 'seven' });
    now += 3_600_000;
    expect([simulator.bill, simulator.balanceMicros]).toEqual([[], 100_000_000n]);
  });

  it.each(['accept-then-500', 'accept-then-504', 'accept-then-reset', 'json-error', 'lost', 'none'])(
    'charges a job with %s once, when it completes, though no client asks for it',
    async (fault) => {
      let now = 0;
      const simulator = await start({ speed: 1, now: () => now });
      await post(simulator, `/v2/${slug}`, { prompt: `[[simulate:${fault}]]` }).catch(() => undefined);
      now = 60_999;
      expect([simulator.bill, simulator.balanceMicros]).toEqual([[], 100_000_000n]);
      now = 61_000;
      expect((await read(simulator, credits)).body.credits).toBe(99.915);
      expect(simulator.bill).toMatchObject([{ slug, costMicros: 85_000n }]);
      now = 1e9;
      expect([simulator.bill.length, simulator.balanceMicros]).toEqual([1, 99_915_000n]);
    },
  );

  it('is settled before any answer that shows the balance', async () => {
    let now = 0;
    const simulator = await start({ speed: 1, now: () => now, balanceMicros: 200_000n });
    const id = await submit(simulator, {});
    now = 30_000;
    await submit(simulator, {});
    now = 91_000;
    expect((await read(simulator, `/v2/requests/${id}/status`)).body).toMatchObject({
      metrics: { cost: 0.085, remaining_credits: 0.03 },
    });
    const poor = await start({ speed: 1, now: () => now, balanceMicros: 85_000n });
    await submit(poor, {});
    now += 61_000;
    const refused = await post(poor, `/v2/${slug}`, {});
    expect([refused.status, await refused.text()]).toEqual([402, expect.stringContaining('have 0 credits')]);
  });

  it('charges a synchronous run once, and one that was cut off when it completes', async () => {
    const simulator = await start();
    const answer = await post(simulator, `/v1/${slug}`, {});
    expect(answer.headers.get('x-remaining-credits')).toBe('99.915');
    const impatient = await start({ syncLimitMs: 10_000 });
    expect((await post(impatient, `/v1/${slug}`, {})).status).toBe(500);
    await eventually('the other to complete', () => impatient.bill.length === 1);
    expect([simulator.bill.length, impatient.bill.length]).toEqual([1, 1]);
  });
});

describe('a price', () => {
  it.each([
    ['unknown', {}, 0n],
    [slug, {}, 85_000n],
    [slug, { number_of_outputs: 2, number_of_images_per_pose: 2 }, 340_000n],
    ['consistent-character-with-pose', { samples: 3 }, 87_000n],
    ['consistent-character-with-pose', { samples: 2.5 }, 87_000n],
    [
      'consistent-character-ai-neolemon-v3',
      { samples: 3 },
      cataloguePrice('consistent-character-ai-neolemon-v3', {}),
    ],
  ])('of %s with %j is %p', (name, body, micros) => {
    expect(cataloguePrice(name, body)).toBe(micros);
  });

  it('can drift, and stays what it was for a job that was taken', async () => {
    let micros = 90_001n;
    const simulator = await start({ price: (name, { seed }) => (name === slug && seed === 1 ? micros : 5n) });
    const id = await submit(simulator, { seed: 1 });
    micros = 1n;
    await eventually('it to complete', () => simulator.bill.length === 1);
    expect((await read(simulator, `/v2/requests/${id}`)).body.metrics).toMatchObject({ cost: 0.090001 });
    expect(simulator.bill).toMatchObject([{ costMicros: 90_001n }]);
    expect((await post(simulator, `/v1/${slug}`, { seed: 2 })).headers.get('x-cost')).toBe('0.000005');
  });

  it('can be left untold, while the balance is told', async () => {
    const simulator = await start({ reportsCost: false });
    const id = await submit(simulator, {});
    await eventually('it to complete', () => simulator.bill.length === 1);
    const { metrics } = (await read(simulator, `/v2/requests/${id}`)).body;
    expect(metrics).not.toHaveProperty('cost');
    expect(metrics).toHaveProperty('remaining_credits', 99.915);
    const { headers } = await post(simulator, `/v1/${slug}`, {});
    expect([headers.get('x-cost'), headers.get('x-remaining-credits')]).toEqual([null, '99.83']);
  });
});
