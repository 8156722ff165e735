import { describe, expect, it } from '@jest/globals';
import { post, read, start, submit } from '../support/simulator.ts';

const path = '/v2/consistent-character';

describe('a fault with a rate', () => {
  it.each(['poll-500', 'poll-502'] as const)(
    '%s is drawn at each poll, of state and result',
    async (name) => {
      let drawn = 0.5;
      const simulator = await start({ faults: [{ name, rate: 0.1 }], chance: () => drawn });
      const id = await submit(simulator, {});
      const polls = async () =>
        Promise.all(
          [`${id}/status`, id].map(async (each) => (await read(simulator, `/v2/requests/${each}`)).status),
        );
      expect(await polls()).toEqual([200, 200]);
      drawn = 0.09;
      const status = Number(name.slice(5));
      expect(await polls()).toEqual([status, status]);
      expect(await polls()).toEqual([status, status]);
      drawn = 0.1;
      expect(await polls()).toEqual([200, 200]);
    },
  );

  it('poll-502 strikes about as often as it says, and neither submits nor other models', async () => {
    const simulator = await start({ faults: [{ name: 'poll-502', rate: 0.1 }] });
    const id = await submit(simulator, {});
    let struck = 0;
    for (let poll = 0; poll < 400; poll += 1)
      if ((await read(simulator, `/v2/requests/${id}/status`)).status === 502) struck += 1;
    expect(struck).toBeGreaterThan(10);
    expect(struck).toBeLessThan(90);
    simulator.faults.splice(0, 1, { name: 'poll-502', rate: 1, slug: 'another' });
    expect((await read(simulator, `/v2/requests/${id}/status`)).status).toBe(200);
    simulator.faults.splice(0, 1, { name: 'poll-502', rate: 1 });
    expect((await post(simulator, path, {})).status).toBe(200);
  });

  it('is drawn when a job is taken for all others', async () => {
    let drawn = 0.05;
    const simulator = await start({ faults: [{ name: 'accept-then-504', rate: 0.1 }], chance: () => drawn });
    expect((await post(simulator, path, {})).status).toBe(504);
    drawn = 0.5;
    expect((await post(simulator, path, {})).status).toBe(200);
  });
});

it.each([
  ['a marker', { prompt: '[[simulate:poll-502=2]]' }, []],
  ['a fault without a rate', {}, [{ name: 'poll-502', arg: '2', times: 1 }]],
] as const)('%s strikes the first polls of its own job', async (_, body, faults) => {
  const simulator = await start({ faults: faults.map((fault) => ({ ...fault })) });
  const id = await submit(simulator, body);
  const other = await submit(simulator, {});
  const status = async (each: string) => (await read(simulator, `/v2/requests/${each}/status`)).status;
  expect([await status(id), await status(other), await status(id), await status(id)]).toEqual([
    502, 200, 502, 200,
  ]);
});
