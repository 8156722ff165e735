import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { booksSql } from '../../src/features/reconciliation/books.ts';
import { createTestDatabase, empty } from '../support/database.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { mutate } from '../support/people.ts';
import { makeVersion01 } from '../support/version-0-1.ts';

/*
 * Simulated is never real: the provider environment is a fact of the database, and neither runs nor money cross over.
 */
const admin = { key: 'test_admin_key_0123456789' };
let dramatis: Dramatis;
beforeEach(async () => {
  dramatis = await Dramatis.start({ servers: 0 });
});
afterEach(() => dramatis.stop());

/** A server without a provider key: it starts a simulator of its own. */
async function simulated(environment: Record<string, string> = {}) {
  const running = await dramatis.startServer({
    SEGMIND_API_KEY: '',
    SIMULATOR_SPEED: '2000',
    ...environment,
  });
  dramatis.url = running.url ?? '';
  return running;
}

/** A server with a key, for which the tests' provider is the live one. */
async function live(environment: Record<string, string> = {}) {
  const running = await dramatis.startServer(environment);
  dramatis.url = running.url ?? '';
  return running;
}

const refused = (start: Promise<unknown>) =>
  start.then(
    () => 'it started',
    (error: Error) => error.message,
  );
const paidSubmits = () =>
  dramatis.simulator.requests.filter(({ method, path }) => method === 'POST' && /^\/v[12]\//.test(path))
    .length;
const query = (text: string, values?: unknown[]) => dramatis.database.query(text, values);
const run = async (id: string) =>
  (
    await dramatis.get(
      'query ($id: ID!) { generation(id: $id) { status environment cost failure { code message retryable } } }',
      { id },
    )
  ).generation;
const limit = (id: string, limits: object) =>
  mutate(dramatis, admin, 'updateProjectLimits', { id, ...limits }, 'project { id }');
const today = new Date().toISOString().slice(0, 10);
const spend = async (projectId: string) =>
  await dramatis.get(
    `query ($id: ID!) { spend(from: "2020-01-01", to: "${today}") { totals { amount runs } }
         project(id: $id) { spend(from: "2020-01-01", to: "${today}") { totals { amount runs } }
           budgets(first: 1) { nodes { settled held available } } ledger(first: 5) { totalCount }
           budgetAlerts(first: 5) { totalCount } } }`,
    { id: projectId },
  );

describe('a database of the simulator that is started with a key', () => {
  it('goes over to the live account: nothing of the simulator is submitted, counted or believed', async () => {
    const first = await simulated();
    expect((await dramatis.get('{ provider { environment address } }')).provider).toEqual({
      environment: 'SIMULATOR',
      address: null,
    });
    const { projectId, characterId } = await dramatis.cast();
    await mutate(
      dramatis,
      admin,
      'createBudget',
      { projectId, scope: 'PROJECT', period: 'TOTAL', cap: '10', thresholds: [1] },
      'budget { id }',
    );
    const drawn = [];
    for (let count = 0; count < 6; count += 1)
      drawn.push(await dramatis.generate(characterId, 'done', { idempotencyKey: `k${count}` }));
    for (const id of drawn) await dramatis.settle(id);
    const model = { consistentCharacter: { prompt: 'at the sea' } };
    const quote = (
      await dramatis.get(
        'query ($input: GenerateInput!) { quoteGeneration(input: $input) { quote { id price { source } } } }',
        { input: { characterId, model } },
      )
    ).quoteGeneration.quote;
    expect(quote.price.source).toBe('OBSERVED');
    // One is with the simulator, one waits for a slot, one for an owner, and one is in doubt.
    await limit(projectId, { maxConcurrentGenerations: 1 });
    const submitted = await dramatis.generate(characterId, 'slow [[simulate:slow=100000]]');
    await eventually('the submit', async () => /SUBMITTED|PROCESSING/.test((await run(submitted)).status));
    const queued = await dramatis.generate(characterId, 'waiting');
    const uncertain = await dramatis.generate(characterId, 'in doubt');
    await limit(projectId, { approvalPerRun: '0' });
    const approval = await dramatis.generate(characterId, 'for an owner');
    expect((await run(queued)).status).toBe('QUEUED');
    expect((await run(approval)).status).toBe('AWAITING_APPROVAL');
    await query(
      "UPDATE generations SET status = 'UNCERTAIN', attempted_at = now() WHERE prompt LIKE '%in doubt'",
    );
    const before = await spend(projectId);
    expect(before.project).toMatchObject({ spend: { totals: { runs: 6 } }, budgetAlerts: { totalCount: 1 } });
    await first.stop();

    await live();
    expect((await dramatis.get('{ provider { environment address } }')).provider).toEqual({
      environment: 'LIVE',
      address: dramatis.simulator.url,
    });
    const ended = {
      status: 'FAILED',
      environment: 'SIMULATOR',
      cost: '0.000000',
      failure: { code: 'ENVIRONMENT_CHANGED', retryable: true },
    };
    expect({
      uncertain: await run(uncertain),
      submitted: await run(submitted),
      queued: await run(queued),
      approval: await run(approval),
    }).toMatchObject({ uncertain: ended, submitted: ended, queued: ended, approval: ended });
    expect(await spend(projectId)).toMatchObject({
      spend: { totals: { amount: '0.000000', runs: 0 } },
      project: {
        spend: { totals: { amount: '0.000000', runs: 0 } },
        budgets: { nodes: [{ settled: '0.000000', held: '0.000000', available: '10.000000' }] },
        ledger: { totalCount: 0 },
        budgetAlerts: { totalCount: 0 },
      },
    });
    const csv = await fetch(`${dramatis.url}/exports/ledger.csv?projectId=${projectId}`, {
      headers: { authorization: `Bearer ${admin.key}` },
    });
    expect((await csv.text()).trim().split('\n')).toHaveLength(1);
    // What the simulator's runs have cost and how long they took teaches nothing.
    const { imageModels } = await dramatis.get('{ imageModels { slug observedPrices { samples } } }');
    expect(
      imageModels.flatMap(({ observedPrices }: { observedPrices: unknown[] }) => observedPrices),
    ).toEqual([]);
    // A quote of the simulator binds nothing, its results are not owned, and its idempotency keys are free.
    const bound = await dramatis.ask(
      `mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } userErrors { code } } }`,
      { input: { characterId, model, quoteId: quote.id } },
    );
    expect(bound.data.generate.userErrors).toMatchObject([{ code: 'QUOTE_INVALID' }]);
    expect(paidSubmits()).toBe(0);
    await limit(projectId, { approvalPerRun: null });
    const bought = await dramatis.generate(characterId, 'done', { idempotencyKey: 'k0', reuse: true });
    expect(drawn).not.toContain(bought);
    expect(await dramatis.settle(bought)).toMatchObject({ status: 'COMPLETED' });
    expect(await run(bought)).toMatchObject({ environment: 'LIVE' });
    expect(paidSubmits()).toBe(1);
    expect((await spend(projectId)).project.spend.totals.runs).toBe(1);
    // What was queued for the runs that ended is done with at once.
    await eventually('the end of all wake-ups', async () => {
      const left = await query(
        "SELECT FROM pgboss.job WHERE name = 'advance-generation' AND state < 'completed'",
      );
      return left.length === 0;
    });
    expect(dramatis.secrets.logged.filter((line) => line.includes('a wake-up failed'))).toEqual([]);
    expect(await query(booksSql)).toEqual([]);
  });

  it('ends a start whose environment another one has taken from it meanwhile', async () => {
    await (await simulated()).stop();
    await query(
      `CREATE OR REPLACE FUNCTION provider_environment() RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'https://elsewhere.example' $$`,
    );
    expect(await refused(simulated())).toBe(
      'the database has gone over to another provider environment while this process started: start it again.',
    );
  });

  it('does not while another process is connected to it', async () => {
    const first = await simulated();
    expect(await refused(live())).toMatch(
      /^this database belongs to the simulator, and other processes are connected to it: stop them all/,
    );
    await first.stop();
    await live();
  });
});

describe('a database of a live account', () => {
  it('is not started without a key, nor with another API, unless the operator names what it leaves', async () => {
    const first = await live();
    const { characterId } = await dramatis.cast();
    const slow = await dramatis.generate(characterId, 'slow [[simulate:slow=25]]');
    await eventually('the submit', async () => /SUBMITTED|PROCESSING/.test((await run(slow)).status));
    // With others connected as without.
    expect(await refused(simulated())).toMatch(
      /belongs to the live provider at .*SEGMIND_API_KEY is not set/,
    );
    await first.stop();
    expect(await refused(simulated())).toMatch(
      /belongs to the live provider at .*SEGMIND_API_KEY is not set/,
    );
    expect(await refused(live({ SEGMIND_BASE_URL: 'http://127.0.0.1:9' }))).toMatch(
      /this process is set to the live provider at http:\/\/127.0.0.1:9: .*PROVIDER_SWITCH_FROM=/,
    );
    const leave = { PROVIDER_SWITCH_FROM: dramatis.simulator.url };
    expect(await refused(simulated(leave))).toMatch(
      /cannot leave .* while 1 of its runs are under way there/,
    );

    const again = await live();
    expect(await dramatis.settle(slow)).toMatchObject({ status: 'COMPLETED' });
    await again.stop();
    await simulated(leave);
    expect((await dramatis.get('{ provider { environment } }')).provider.environment).toBe('SIMULATOR');
    expect((await run(slow)).environment).toBe('LIVE');
  });

  it('refuses what a process that was cut off asks for, and the process rests', async () => {
    await live();
    const { projectId, characterId } = await dramatis.cast();
    await limit(projectId, { maxConcurrentGenerations: 0 });
    const waiting = await dramatis.generate(characterId);
    await query(
      "UPDATE settings SET value = 'https://elsewhere.example' WHERE name = 'provider-environment'",
    );
    const { errors } = await dramatis.ask(
      'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } userErrors { code } } }',
      { input: { characterId, model: { consistentCharacter: { prompt: 'x' } } } },
    );
    expect(errors?.[0]?.extensions.code).toBe('SERVICE_UNAVAILABLE');
    // A run that was asked for before gets its turn: its intent is refused in its own transaction.
    await limit(projectId, { maxConcurrentGenerations: 1 });
    await eventually('the word of the process', () =>
      dramatis.secrets.logged.some((line) =>
        line.includes('this process walks no runs until it is restarted'),
      ),
    );
    expect(paidSubmits()).toBe(0);
    expect((await run(waiting)).status).toBe('QUEUED');
    expect(await (await fetch(`${dramatis.url}/readyz`)).json()).toMatchObject({
      status: 'unavailable',
      environment: 'the database has gone over to another provider environment',
    });
    // A key that it takes is a key of the provider that has tried it.
    await mutate(
      dramatis,
      admin,
      'setProviderKey',
      { projectId, key: 'SG_tried_0123456789' },
      'project { id }',
    );
    expect(await query('SELECT environment FROM provider_keys')).toEqual([
      { environment: dramatis.simulator.url },
    ]);
  });
});

it('two simulators on one data folder know each other’s runs', async () => {
  const first = await simulated();
  const { characterId } = await dramatis.cast();
  const slow = await dramatis.generate(characterId, 'slow [[simulate:slow=150]]');
  await eventually('the submit', async () => /SUBMITTED|PROCESSING/.test((await run(slow)).status));
  await simulated();
  await first.stop();
  expect(await dramatis.settle(slow)).toMatchObject({ status: 'COMPLETED' });
});

it.each([
  ['live', () => live, () => dramatis.simulator.url],
  ['simulated', () => simulated, () => 'simulator'],
])('rows of 0.1.0 get the environment of the process that migrates them: %s', async (_, start, name) => {
  const database = await createTestDatabase(empty);
  dramatis.onStop(() => database.drop());
  await makeVersion01(database.query, 60);
  // Nothing walks the runs: they are looked at as they were migrated.
  await start()({ DATABASE_URL: database.url, ROLE: 'api' });
  for (const table of ['generations', 'ledger_entries', 'spend_rollups']) {
    expect(await database.query(`SELECT DISTINCT environment FROM ${table}`)).toEqual([
      { environment: name() },
    ]);
  }
  expect(dramatis.secrets.logged.join()).toContain('The runs of this database are recorded as runs of');
  expect(await database.query(booksSql)).toEqual([]);
});
