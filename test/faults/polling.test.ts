import { afterEach, expect, it } from '@jest/globals';
import { delay } from '../support/delay.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { startServerProcess } from '../support/server-process.ts';

let dramatis: Dramatis;
afterEach(() => dramatis.stop());

/** When the provider was asked after a run, or after all of them. */
const polls = (requestId = '') =>
  dramatis.simulator.requests.filter(
    ({ path }) => path.startsWith(`/v2/requests/${requestId}`) && path.endsWith('/status'),
  );

/** Runs like the newest one, asked for without asking. */
const copyRuns = (count: number, prompt: string) =>
  dramatis.database.query(
    `INSERT INTO generations (id, project_id, character_id, request_hash, model, model_version, prompt, parameters,
       "references", seed, price_micros, wakeup_id)
     SELECT gen_random_uuid(), project_id, character_id, request_hash, model, model_version, prompt,
       jsonb_set(parameters, '{prompt}', to_jsonb($2::text)), "references", number, price_micros, gen_random_uuid()
     FROM (SELECT * FROM generations ORDER BY requested_at DESC LIMIT 1) g, generate_series(1, $1::int) number`,
    [count, prompt],
  );

it('a run is asked after rarely until such runs end; one that ends earlier or later is seen as well', async () => {
  dramatis = await Dramatis.start({
    environment: { SEGMIND_POLL_MAX_MS: '1000' },
    simulator: { speed: 61 },
    servers: 0,
  });
  const first = await dramatis.startServer();
  dramatis.url = first.url ?? '';
  const { characterId } = await dramatis.cast();
  // It takes a second; what is observed from here on is that such runs take four.
  await dramatis.settle(await dramatis.generate(characterId));
  await dramatis.database.query(
    `INSERT INTO price_observations (model, shape, outputs, seconds, source)
     SELECT model, price_shape, output_count, 4, 'PROVIDER' FROM generations, generate_series(1, 200)`,
  );
  // What was observed is believed for a while, by the process that has looked.
  await first.stop();
  dramatis.url = (await dramatis.startServer()).url ?? '';
  const [early, onTime, late] = await Promise.all(
    ['early', 'on time [[simulate:slow=4]]', 'late [[simulate:slow=7]]'].map(async (prompt) =>
      dramatis.settle(await dramatis.generate(characterId, prompt)),
    ),
  );
  for (const run of [early, onTime, late]) expect(run).toMatchObject({ status: 'COMPLETED' });
  const job = dramatis.simulator.jobs.get(onTime?.providerRequestId ?? '');
  const ages = polls(job?.id).map(({ at }) => at - (job?.acceptedAt ?? 0));
  expect(ages.filter((age) => age < 3_000).length).toBeLessThanOrEqual(12);
  expect(ages.filter((age) => age > 3_500).length).toBeGreaterThanOrEqual(4);
});

it('polls that are refused as too many rest for all runs of the account, and then all runs end', async () => {
  dramatis = await Dramatis.start({ simulator: { speed: 30 } });
  const { characterId } = await dramatis.cast();
  const ids = await Promise.all(Array.from({ length: 12 }, () => dramatis.generate(characterId)));
  const fault = { name: 'poll-429', rate: 1 } as const;
  await eventually('all to be polled', () => polls().length > 24);
  dramatis.simulator.faults.push(fault);
  const pushedAt = Date.now();
  // Some are on their way when the first is refused. After these there is none until the pause of two seconds is over.
  await eventually('the next round', () => polls().some(({ at }) => at > pushedAt + 1_600));
  expect(polls().filter(({ at }) => at > pushedAt + 500 && at < pushedAt + 1_600)).toEqual([]);
  dramatis.simulator.faults.splice(0);
  const last = await Promise.all(ids.map((id) => dramatis.settle(id)));
  expect(last.map(({ status }) => status)).toEqual(ids.map(() => 'COMPLETED'));
});

it('a server with three hundred runs under way hands all of them over within its grace', async () => {
  dramatis = await Dramatis.start({ simulator: { balanceMicros: 10n ** 12n }, servers: 0 });
  dramatis.url = (await dramatis.startServer({ ROLE: 'api' })).url ?? '';
  const { characterId } = await dramatis.cast();
  const first = await startServerProcess(dramatis, { ROLE: 'worker', SHUTDOWN_GRACE_MS: '5000' });
  await dramatis.settle(await dramatis.generate(characterId));
  await dramatis.database.query('UPDATE projects SET max_concurrent_generations = 600');
  await copyRuns(300, '[[simulate:slow=10000]]');
  const underWay = async () => {
    const [row] = await dramatis.database.query(
      "SELECT count(*)::int AS count FROM generations WHERE status IN ('SUBMITTED', 'PROCESSING')",
    );
    return Number(row?.count);
  };
  await eventually('all to be with the provider', async () => (await underWay()) === 300, 50_000);
  const stoppedAt = performance.now();
  first.signal('SIGTERM');
  expect(await first.exited).toBe(0);
  expect(performance.now() - stoppedAt).toBeLessThan(7_000);
  const handedOver = polls().length;
  await startServerProcess(dramatis, { ROLE: 'worker' });
  const paths = () =>
    new Set(
      polls()
        .slice(handedOver)
        .map(({ path }) => path),
    );
  await eventually('all to be asked after by another', () => paths().size === 300);
  expect(await underWay()).toBe(300);
});

it('of the pictures of many runs that end together a few are fetched at a time', async () => {
  dramatis = await Dramatis.start();
  const { characterId } = await dramatis.cast();
  let [now, most] = [0, 0];
  dramatis.simulator.onRequest = async ({ path }) => {
    if (!path.startsWith('/generations/')) return;
    now += 1;
    most = Math.max(most, now);
    await delay(200);
    now -= 1;
  };
  const model = { consistentCharacter: { prompt: 'four', numberOfOutputs: 4 } };
  const ids = await Promise.all(
    Array.from({ length: 8 }, () => dramatis.generate(characterId, '', { model })),
  );
  const last = await Promise.all(ids.map((id) => dramatis.settle(id)));
  expect(last.map(({ images }) => images.length)).toEqual(ids.map(() => 4));
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(8);
});
