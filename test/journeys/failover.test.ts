import { afterEach, beforeEach, expect, it } from '@jest/globals';
import pg from 'pg';
import { booksSql } from '../../src/features/reconciliation/books.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { mutate } from '../support/people.ts';
import { type ReplicatedPostgres, startReplicatedPostgres } from '../support/replica.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

/*
 * A replica that lags takes the primary's place behind servers that go on: what was paid since must not be submitted again.
 */
const admin = { key: 'test_admin_key_0123456789' };
const prompts = Array.from({ length: 10 }, (_, index) => `run ${index}`);

let postgres: ReplicatedPostgres;
let dramatis: Dramatis;
let servers: ServerProcess[];
let projectId: string;
let characterId: string;

beforeEach(async () => {
  postgres = await startReplicatedPostgres();
  dramatis = await Dramatis.start({
    servers: 0,
    environment: {
      DATABASE_URL: postgres.url,
      SEGMIND_SUBMIT_TIMEOUT_MS: '20000',
      SEGMIND_SYNC_TIMEOUT_MS: '2000',
      RECONCILE_AFTER_MS: '200',
    },
  });
  dramatis.environment.SEGMIND_GENERATIONS_URL = `${dramatis.simulator.url}/inference-request/request-history`;
  dramatis.simulator.hasHistory = false;
  servers = await Promise.all([1, 2, 3].map(() => startServerProcess(dramatis)));
  dramatis.url = servers[0]?.url ?? '';
  ({ projectId, characterId } = await dramatis.cast());
});
afterEach(async () => {
  await dramatis.stop();
  await postgres.stop();
});

async function query(text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: postgres.url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const limit = (maxConcurrentGenerations: number) =>
  mutate(
    dramatis,
    admin,
    'updateProjectLimits',
    { id: projectId, maxConcurrentGenerations },
    'project { id }',
  );
const counts = async () =>
  Object.fromEntries(
    (await query('SELECT status, count(*)::int AS count FROM generations GROUP BY status')).map(
      ({ status, count }) => [status, count],
    ),
  );
const billedTwice = () => {
  const seeds = [...dramatis.simulator.jobs.values()].map(({ body }) => JSON.stringify(body.seed));
  return seeds.filter((seed, index) => seeds.indexOf(seed) !== index);
};

it('nothing is billed twice, every doubt is shown, and all settle once the provider tells', async () => {
  await limit(0);
  for (const prompt of prompts) await dramatis.generate(characterId, prompt);
  await dramatis.generate(characterId, 'in flight');
  await postgres.follow();
  postgres.lag();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  dramatis.simulator.onRequest = ({ method, body }) =>
    method === 'POST' && /in flight|lost/.test(body.toString()) ? released : undefined;
  await limit(20);
  await dramatis.generate(characterId, 'lost');
  await eventually('all to be paid, and two to be on their way', async () => {
    const { COMPLETED, SUBMITTING } = await counts();
    return COMPLETED === 10 && SUBMITTING === 2;
  });
  expect(dramatis.simulator.bill).toHaveLength(10);

  await postgres.failOver();
  await eventually('the limit to be raised', () => limit(20).catch(() => null));
  await eventually('all to be in doubt', async () => (await counts()).UNCERTAIN === 11);
  const later = await dramatis.generate(characterId, 'later');
  expect(await dramatis.settle(later)).toMatchObject({ status: 'COMPLETED' });
  expect(dramatis.simulator.bill).toHaveLength(11);
  const log = () => servers.flatMap((server) => server.log);
  expect(log()).toContainEqual(
    expect.objectContaining({ level: 'warn', reason: 'it is older than what was submitted', count: 11 }),
  );

  // The answers come to processes that know of the submits, and to a database that does not.
  release();
  await eventually('the one in flight', async () => (await counts()).COMPLETED === 2);
  await eventually('the lost one to be told of', () =>
    log().some(({ msg }) => msg === 'the database has lost a run that the provider took'),
  );
  dramatis.simulator.hasHistory = true;
  await eventually('all to be found', async () => {
    await dramatis.ask('mutation { reconcile(input: {}) { userErrors { code } } }');
    return (await counts()).COMPLETED === 12;
  });
  expect(billedTwice()).toEqual([]);
  expect(dramatis.simulator.bill).toHaveLength(13);
  expect(await query(booksSql)).toEqual([]);
  expect(servers.map(({ child }) => child.exitCode)).toEqual([null, null, null]);
});
