import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Client } from 'graphql-ws';
import { Agent, request } from 'undici';
import { Invariants } from '../storm/invariants.ts';
import { adminKey, Dramatis, eventually } from '../support/dramatis.ts';
import { inFlight } from '../support/in-flight.ts';
import { startServerProcess } from '../support/server-process.ts';

const generous = { COST_PER_SECOND: '1000000', COST_BURST: '100000000' };
const fits = 150;
const document = `mutation ($input: GenerateInput!) {
  generate(input: $input) { generation { id } userErrors { code } } }`;
interface Outcome {
  readonly id: string | null;
  readonly code: string | null;
}

let dramatis: Dramatis;
let urls: string[];
let agent: Agent;
let sockets: Client[];
let projectId: string;
let characterId: string;
let budgetId: string;
let hold: bigint;
const watching = new AbortController();
let invariants: Invariants;
let watched: Promise<void>;

beforeAll(async () => {
  dramatis = await Dramatis.start({
    servers: 0,
    environment: generous,
    simulator: { balanceMicros: 10n ** 12n },
  });
  const servers = await Promise.all([startServerProcess(dramatis), startServerProcess(dramatis)]);
  urls = servers.map(({ url }) => url);
  dramatis.url = urls[0] ?? '';
  agent = new Agent({ connections: 60 });
  sockets = urls.flatMap((url) => [dramatis.connect({ url }), dramatis.connect({ url })]);
  ({ projectId, characterId } = await dramatis.cast());
  await limitTo(0);
  // What a run holds: of one that waits without a slot, and is called off again.
  const probe = await dramatis.generate(characterId, 'race probe');
  const [row] = await dramatis.database.query(
    'SELECT hold_micros, project_id::text AS project FROM generations',
  );
  hold = BigInt(String(row?.hold_micros));
  const project = String(row?.project);
  await dramatis.get('mutation ($id: ID!) { cancelGeneration(input: { id: $id }) { userErrors { code } } }', {
    id: probe,
  });
  const made = await dramatis.get(
    'mutation ($input: CreateBudgetInput!) { createBudget(input: $input) { budget { id } userErrors { code } } }',
    { input: { projectId, scope: 'PROJECT', period: 'MONTH', cap: dollars(hold * BigInt(fits)) } },
  );
  budgetId = made.createBudget.budget.id;
  invariants = new Invariants(dramatis.database.query, () => ({
    inFlight: [],
    isComparable: () => true,
    billed: new Map([
      [project, dramatis.simulator.bill.reduce((sum, { costMicros }) => sum + costMicros, 0n)],
    ]),
  }));
  watched = invariants.watch(250, watching.signal);
  watched.catch(() => undefined);
});
afterAll(async () => {
  watching.abort();
  await watched;
  await agent.close();
  await dramatis.stop();
});

const dollars = (micros: bigint) => `${micros / 1_000_000n}.${String(micros % 1_000_000n).padStart(6, '0')}`;

async function limitTo(maxConcurrentGenerations: number): Promise<void> {
  await dramatis.get(
    'mutation ($input: UpdateProjectLimitsInput!) { updateProjectLimits(input: $input) { userErrors { code } } }',
    { input: { id: projectId, maxConcurrentGenerations } },
  );
}

/** Over kept-alive connections to both servers, every tenth over one of four sockets. */
async function ask(prompt: string, number: number): Promise<Outcome> {
  const variables = {
    input: { characterId, model: { consistentCharacter: { prompt: `race ${prompt} ${number}` } } },
  };
  const { data, errors } = await (number % 10 === 0
    ? overSocket(sockets[(number / 10) % sockets.length], variables)
    : overHttp(urls[number % urls.length], variables));
  if (!data?.generate) throw new Error(JSON.stringify(errors));
  const { generation, userErrors } = data.generate;
  return { id: generation?.id ?? null, code: userErrors[0]?.code ?? null };
}

interface Result {
  data?: { generate: { generation: { id: string } | null; userErrors: { code: string }[] } } | null;
  errors?: unknown;
}

async function overHttp(url: string | undefined, variables: object): Promise<Result> {
  const { body } = await request(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: document, variables }),
    headersTimeout: 60_000,
    dispatcher: agent,
  });
  return (await body.json()) as Result;
}

async function overSocket(client: Client | undefined, variables: Record<string, unknown>): Promise<Result> {
  for await (const result of client?.iterate<NonNullable<Result['data']>>({ query: document, variables }) ??
    [])
    return result;
  throw new Error('The socket gave no answer.');
}

const askMany = (prompt: string, count: number) =>
  Promise.all(Array.from({ length: count }, (_, number) => ask(prompt, number)));
const codes = (outcomes: readonly Outcome[]) => [...new Set(outcomes.map(({ code }) => code))].sort();

it('of a thousand at a time exactly as many are accepted as fit', async () => {
  const outcomes = await askMany('first', 1_000);
  const accepted = outcomes.filter(({ id }) => id !== null);
  expect(accepted).toHaveLength(fits);
  expect(codes(outcomes.filter(({ id }) => id === null))).toEqual(['BUDGET_EXCEEDED']);
  const [window] = await dramatis.database.query(
    'SELECT held_micros, cap_micros, settled_micros, overrun_micros FROM budget_windows',
  );
  const cap = String(hold * BigInt(fits));
  expect(window).toEqual({ held_micros: cap, cap_micros: cap, settled_micros: '0', overrun_micros: '0' });
  expect([...invariants.breaches]).toEqual([]);
}, 150_000);

it('while caps change, runs are called off and others end, what is settled and held stays below the cap', async () => {
  await limitTo(40);
  let isOver = false;
  const changes = (async () => {
    for (let round = 0; !isOver; round += 1) {
      const cap = hold * BigInt([fits + 80, fits / 3, fits + 20, 0][round % 4] ?? fits);
      const { updateBudget } = await dramatis.get(
        'mutation ($input: UpdateBudgetInput!) { updateBudget(input: $input) { userErrors { code } } }',
        { input: { id: budgetId, cap: dollars(cap) } },
        { url: urls[round % 2] },
      );
      expect(updateBudget.userErrors).toEqual([]);
    }
  })();
  const waiting = await dramatis.database.query(
    "SELECT id::text AS id FROM generations WHERE status = 'QUEUED' LIMIT 60",
  );
  const regrets = Promise.all(
    waiting.map(({ id }) =>
      dramatis.get('mutation ($id: ID!) { cancelGeneration(input: { id: $id }) { userErrors { code } } }', {
        id: Buffer.from(`Generation:${id}`).toString('base64url'),
      }),
    ),
  );
  const outcomes = await askMany('second', 1_000);
  await regrets;
  isOver = true;
  await changes;
  expect(codes(outcomes.filter(({ id }) => id === null))).toEqual(['BUDGET_EXCEEDED']);
  await eventually(
    'every run to end',
    async () => {
      const [row] = await dramatis.database.query(
        "SELECT count(*)::int AS count FROM generations WHERE status NOT IN ('COMPLETED', 'CANCELED')",
      );
      return row?.count === 0;
    },
    60_000,
  );
  await eventually('the provider to be done', () => inFlight(dramatis.simulator, 'race') === 0);
  await invariants.sample();
  expect([...invariants.breaches]).toEqual([]);
  expect(invariants.samples).toBeGreaterThan(20);
  const billed = dramatis.simulator.bill.reduce((sum, { costMicros }) => sum + costMicros, 0n);
  const [window] = await dramatis.database.query('SELECT held_micros, settled_micros FROM budget_windows');
  expect(window).toEqual({ held_micros: '0', settled_micros: String(billed) });
  expect(billed).toBeGreaterThan(0n);
  const [canceled] = await dramatis.database.query(
    "SELECT count(*)::int AS count FROM generations WHERE status = 'CANCELED' AND prompt LIKE 'race first%'",
  );
  expect(canceled?.count).toBeGreaterThan(0);
}, 240_000);

it('what there is room for afterwards is let in, one by one, and nothing more', async () => {
  await limitTo(0);
  const room = 7n;
  // Less than at first, by what the runs so far have really cost.
  const model = { consistentCharacter: { prompt: 'race third' } };
  const { quoteGeneration } = await dramatis.get(
    'query ($input: GenerateInput!) { quoteGeneration(input: $input) { quote { hold } } }',
    { input: { characterId, model } },
  );
  const needed = BigInt(quoteGeneration.quote.hold.replace('.', ''));
  const [before] = await dramatis.database.query('SELECT settled_micros FROM budget_windows');
  // Short of one more hold by a single micro-dollar.
  const cap = BigInt(String(before?.settled_micros)) + needed * (room + 1n) - 1n;
  await dramatis.get(
    'mutation ($input: UpdateBudgetInput!) { updateBudget(input: $input) { userErrors { code } } }',
    { input: { id: budgetId, cap: dollars(cap) } },
  );
  const outcomes: Outcome[] = [];
  while (outcomes.at(-1)?.code !== 'BUDGET_EXCEEDED' && outcomes.length < 20)
    outcomes.push(await ask('third', outcomes.length));
  expect(outcomes.map(({ code }) => code)).toEqual([...Array(Number(room)).fill(null), 'BUDGET_EXCEEDED']);
  const [window] = await dramatis.database.query(
    'SELECT cap_micros, overrun_micros, settled_micros + held_micros AS taken FROM budget_windows',
  );
  expect(window).toMatchObject({ cap_micros: String(cap), overrun_micros: '0' });
  expect(BigInt(String(window?.taken)) + needed).toBeGreaterThan(cap);
  await invariants.sample();
  expect([...invariants.breaches]).toEqual([]);
}, 60_000);
