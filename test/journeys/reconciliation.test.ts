import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { booksSql } from '../../src/features/reconciliation/books.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { mutate, type Person } from '../support/people.ts';
import { seed } from '../support/seed.ts';
import { post } from '../support/simulator.ts';

/*
 * What became of a submit whose answer was lost, and what runs have really cost: asked of the provider's list of runs,
 * and of its balance.
 */
const admin = { key: 'test_admin_key_0123456789' };
const run =
  'id status cost costSource failure { code message retryable } images { index } ledgerEntries { kind amount source }';
const report = `account accounts isBalanceShared balance spent observedAt books { kind subject expected found }
  lines { nodes { isQuiet fell explained unexplained openRuns openHolds candidates { id } } }`;

async function reconcile(
  dramatis: Dramatis,
  { url = dramatis.url, account = undefined as string | undefined } = {},
) {
  const { data, errors } = await dramatis.ask(
    `mutation ($input: ReconcileInput!) { reconcile(input: $input) { report { ${report} } userErrors { code path } } }`,
    { input: { account } },
    { url },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  expect(data.reconcile.userErrors).toEqual([]);
  return data.reconcile.report;
}

const find = async (dramatis: Dramatis, id: string) =>
  (await dramatis.get(`query ($id: ID!) { generation(id: $id) { ${run} } }`, { id })).generation;

/** Reconciles until a run is where it should be. */
const until = (dramatis: Dramatis, id: string, ...statuses: string[]) =>
  eventually(`${id} to be ${statuses}`, async () => {
    await reconcile(dramatis);
    const generation = await find(dramatis, id);
    return statuses.includes(generation.status) ? generation : null;
  });

const uncertain = async (dramatis: Dramatis, characterId: string, prompt: string, more: object = {}) => {
  const id = await dramatis.generate(characterId, prompt, more);
  await eventually(
    `${prompt} to be uncertain`,
    async () => (await find(dramatis, id)).status === 'UNCERTAIN',
  );
  return id;
};
/** Lines with an amount that is not explained. */
const oddOf = ({ nodes }: { nodes: { unexplained: string | null }[] }) =>
  nodes.filter(({ unexplained }) => unexplained !== null && unexplained !== '0.000000');
const submits = (dramatis: Dramatis) =>
  dramatis.simulator.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/v2/'))
    .length;

const balanced = async (dramatis: Dramatis) => expect(await dramatis.database.query(booksSql)).toEqual([]);

async function start(options: Parameters<typeof Dramatis.start>[0], list: string | null) {
  const dramatis = await Dramatis.start({ ...options, servers: 0 });
  if (list !== null)
    dramatis.environment.SEGMIND_GENERATIONS_URL = `${dramatis.simulator.url}/inference-request/${list}`;
  dramatis.url = (await dramatis.startServer()).url ?? '';
  return dramatis;
}

const quick = { SEGMIND_SUBMIT_TIMEOUT_MS: '400', RECONCILE_AFTER_MS: '300' };

describe("the provider's list of runs", () => {
  let dramatis: Dramatis;
  let characterId: string;
  let projectId: string;
  let owner: Person;
  beforeAll(async () => {
    dramatis = await start({ environment: quick, simulator: { hasHistory: false } }, 'request-history');
    ({ owner, projectId, characterId } = await seed(dramatis).team().character().face().make());
  });
  afterAll(() => dramatis.stop());

  it('is asked for the admin only', async () => {
    const asked = () =>
      dramatis.simulator.requests.filter(({ path }) => path.endsWith('get-user-credits')).length;
    // The start tries the key, and the first round compares the books.
    await eventually('the first looks', () => asked() > 1);
    const before = asked();
    for (const operation of [
      'mutation { reconcile(input: {}) { userErrors { code } } }',
      '{ reconciliation(first: 5) { account } }',
    ]) {
      const { errors } = await dramatis.ask(operation, {}, owner);
      expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    }
    expect(asked()).toBe(before);
    for (const [args, code] of [
      ['first: 0', 'BAD_USER_INPUT'],
      ['first: 5, account: "unknown"', 'BAD_USER_INPUT'],
      ['first: 5, after: "x"', 'BAD_USER_INPUT'],
    ]) {
      const { errors } = await dramatis.ask(`{ reconciliation(${args}) { account } }`);
      expect([args, errors?.[0]?.extensions.code]).toEqual([args, code]);
    }
    const { data } = await dramatis.ask(
      'mutation { reconcile(input: { account: "unknown" }) { userErrors { code path } } }',
    );
    expect(data.reconcile.userErrors).toEqual([{ code: 'INVALID_INPUT', path: ['input', 'account'] }]);
  });

  it('gives lost answers back once it is offered: the pictures arrive, for one price', async () => {
    dramatis.simulator.hasHistory = false;
    const ids = await Promise.all(
      [
        'accept-then-504',
        'accept-then-reset',
        'accept-then-hang',
        'accept-then-504]] [[simulate:slow=30',
      ].map((fault) => uncertain(dramatis, characterId, `[[simulate:${fault}]] lost`)),
    );
    await reconcile(dramatis);
    for (const id of ids) expect((await find(dramatis, id)).status).toBe('UNCERTAIN');
    const before = submits(dramatis);
    dramatis.simulator.hasHistory = true;
    for (const id of ids) {
      const generation = await until(dramatis, id, 'COMPLETED', 'FAILED');
      expect(generation).toMatchObject({
        status: 'COMPLETED',
        cost: '0.085000',
        costSource: 'PROVIDER',
        failure: null,
      });
      expect(generation.images).toHaveLength(1);
    }
    expect(submits(dramatis)).toBe(before);
    await balanced(dramatis);
  });

  it('releases what it does not have, but not before it would have it', async () => {
    const ids = [];
    for (const fault of ['reset', '504'])
      ids.push(await uncertain(dramatis, characterId, `[[simulate:${fault}]] gone`));
    for (const id of ids) {
      const generation = await until(dramatis, id, 'COMPLETED', 'FAILED');
      expect(generation).toMatchObject({
        status: 'FAILED',
        cost: '0.000000',
        costSource: 'NOT_CHARGED',
        failure: { code: 'SUBMISSION_UNCERTAIN', retryable: true },
        ledgerEntries: [{ kind: 'HOLD' }, { kind: 'RELEASE' }],
      });
      const [row] = await dramatis.database.query(
        "SELECT extract(epoch FROM finished_at - attempted_at)::float8 AS waited FROM generations WHERE failure_message LIKE '%not charged%' ORDER BY finished_at DESC LIMIT 1",
      );
      expect(Number(row?.waited)).toBeGreaterThan(0.7);
    }
    await balanced(dramatis);
  });

  it('ends nothing while the worker that handed it over may bring the answer', async () => {
    const id = await uncertain(dramatis, characterId, '[[simulate:reset]] slow worker');
    const isOver = (value: boolean) =>
      dramatis.database.query("UPDATE generations SET is_attempt_over = $1 WHERE status = 'UNCERTAIN'", [
        value,
      ]);
    await isOver(false);
    await eventually('its deadline', async () => {
      const [row] = await dramatis.database.query(
        "SELECT now() - attempted_at > interval '1 second' AS late FROM generations WHERE status = 'UNCERTAIN'",
      );
      return row?.late;
    });
    await reconcile(dramatis);
    expect((await find(dramatis, id)).status).toBe('UNCERTAIN');
    await isOver(true);
    expect(await until(dramatis, id, 'FAILED')).toMatchObject({ costSource: 'NOT_CHARGED' });
  });

  it('knows that a run has failed there, and costs nothing', async () => {
    const id = await uncertain(
      dramatis,
      characterId,
      '[[simulate:accept-then-504]] [[simulate:failed=cold]] bad',
    );
    expect(await until(dramatis, id, 'FAILED')).toMatchObject({ cost: '0.000000' });
    await balanced(dramatis);
  });

  it('proves nothing where two runs differ in their pictures alone', async () => {
    const { createCharacter } = await dramatis.get(
      'mutation ($input: CreateCharacterInput!) { createCharacter(input: $input) { character { id } } }',
      { input: { projectId, name: 'Other' } },
    );
    await dramatis.addReference(createCharacter.character.id, 'FACE', '#4c6');
    const model = {
      model: { consistentCharacter: { prompt: '[[simulate:accept-then-504]] twins', seed: 77 } },
    };
    const ids = [];
    for (const id of [characterId, createCharacter.character.id])
      ids.push(await uncertain(dramatis, id, 'twins', model));
    // The balance shows that both were charged. It is unknown which pictures belong to which run.
    for (const id of ids)
      expect(await until(dramatis, id, 'FAILED', 'COMPLETED')).toMatchObject({
        status: 'FAILED',
        cost: '0.085000',
        costSource: 'BALANCE',
        images: [],
      });
    await balanced(dramatis);
  });

  it('and a person race, and two processes with them: one wins each run, and the books are exact', async () => {
    const other = await dramatis.startServer();
    // One that is taken: ten in a row that break off would hold the others back.
    await dramatis.settle(await dramatis.generate(characterId));
    const ids = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        uncertain(
          dramatis,
          characterId,
          `[[simulate:${index % 2 ? 'reset' : 'accept-then-504'}]] race ${index}`,
        ),
      ),
    );
    await eventually('the provider to take none of them any more', async () => {
      const young =
        "SELECT 1 FROM generations WHERE status = 'UNCERTAIN' AND attempted_at > now() - interval '800 ms'";
      return (await dramatis.database.query(young)).length === 0;
    });
    const [answers] = await Promise.all([
      Promise.all(
        ids.map((id, index) =>
          mutate(
            dramatis,
            owner,
            'resolveUncertainGeneration',
            { id, outcome: index % 3 ? 'CHARGED' : 'NOT_CHARGED' },
            'generation { id }',
          ),
        ),
      ),
      reconcile(dramatis),
      reconcile(dramatis, { url: other.url ?? '' }),
      reconcile(dramatis),
    ]);
    for (const [index, id] of ids.entries()) {
      const last = await eventually('an end', async () => {
        const generation = await find(dramatis, id);
        return ['COMPLETED', 'FAILED'].includes(generation.status) ? generation : null;
      });
      const isPersons = answers[index]?.userErrors.length === 0;
      if (!isPersons) expect(answers[index]?.userErrors).toMatchObject([{ code: 'NOT_UNCERTAIN' }]);
      expect([index, last.costSource === 'PERSON']).toEqual([index, isPersons && index % 3 !== 0]);
      expect(last.ledgerEntries.filter(({ kind }) => kind === 'CHARGE').length).toBeLessThan(2);
    }
    await balanced(dramatis);
  });
});

describe("a project's own account", () => {
  it('is asked with its own key; a balance that two accounts share proves nothing', async () => {
    const dramatis = await start({ environment: quick }, 'request-history');
    try {
      const { owner, projectId, characterId } = await seed(dramatis).team().character().face().make();
      const key = 'SG_own_0123456789abcdef';
      await mutate(dramatis, owner, 'setProviderKey', { projectId, key }, 'project { id }');
      const id = await uncertain(dramatis, characterId, '[[simulate:accept-then-504]] own');
      const { accounts, account: server } = await reconcile(dramatis);
      const account = accounts.find((each: string) => each !== server);
      expect([accounts.length, (await find(dramatis, id)).status]).toEqual([2, 'UNCERTAIN']);
      expect((await reconcile(dramatis, { account })).account).toBe(account);
      await eventually('its picture', async () => (await find(dramatis, id)).status === 'COMPLETED');
      const lists = dramatis.simulator.requests.filter(({ path }) => path.includes('request-history'));
      expect(new Set(lists.map(({ headers }) => headers['x-api-key']))).toEqual(new Set([key]));

      dramatis.simulator.hasHistory = false;
      await reconcile(dramatis, { account });
      expect((await reconcile(dramatis)).isBalanceShared).toBe(true);
      const other = await dramatis.cast();
      await uncertain(dramatis, other.characterId, '[[simulate:reset]] never taken');
      await dramatis.settle(await dramatis.generate(characterId, 'same price, same account'));
      await reconcile(dramatis);
      const rows = await dramatis.database.query("SELECT 1 FROM generations WHERE status = 'UNCERTAIN'");
      expect(rows).toHaveLength(1);

      await mutate(dramatis, owner, 'removeProviderKey', { projectId }, 'project { id }');
      await dramatis.database.query('DELETE FROM provider_keys');
      const { reconcile: refused } = await dramatis.get(
        'mutation ($input: ReconcileInput!) { reconcile(input: $input) { report { account } userErrors { code } } }',
        { input: { account } },
      );
      expect(refused).toEqual({ report: null, userErrors: [{ code: 'NOT_REACHED' }] });
    } finally {
      await dramatis.stop();
    }
  });
});

describe('a run whose pictures the provider still has', () => {
  it('is not ended by the balance because the provider could not be asked after it', async () => {
    const dramatis = await start({ environment: quick }, 'request-history');
    try {
      const { characterId } = await dramatis.cast();
      await reconcile(dramatis);
      const id = await uncertain(
        dramatis,
        characterId,
        '[[simulate:accept-then-504]] [[simulate:poll-500=3]] kept',
      );
      await eventually('the charge', () => dramatis.simulator.bill.length === 1);
      await reconcile(dramatis);
      expect((await find(dramatis, id)).status).toBe('UNCERTAIN');
      const settled = await until(dramatis, id, 'COMPLETED', 'FAILED');
      expect(settled).toMatchObject({ status: 'COMPLETED', cost: '0.085000', costSource: 'PROVIDER' });
      expect(settled.images).toHaveLength(1);
      await balanced(dramatis);
    } finally {
      await dramatis.stop();
    }
  });
});

describe('a run that the provider no longer keeps', () => {
  it.each(['request-history', 'generations'])('is settled by what %s says it has cost', async (list) => {
    const dramatis = await start(
      { environment: quick, simulator: { retentionMs: 1_000, hasHistory: false } },
      list,
    );
    try {
      const { characterId } = await dramatis.cast();
      const id = await uncertain(dramatis, characterId, '[[simulate:accept-then-504]] old');
      const [bill] = await eventually('the charge', () =>
        dramatis.simulator.bill.length ? dramatis.simulator.bill : null,
      );
      await eventually('it to be forgotten', async () => {
        const url = `${dramatis.simulator.url}/v2/requests/${bill?.requestId}/status`;
        return (
          (await fetch(url, { headers: { 'x-api-key': dramatis.environment.SEGMIND_API_KEY ?? '' } }))
            .status === 404
        );
      });
      dramatis.simulator.hasHistory = true;
      expect(await until(dramatis, id, 'FAILED')).toMatchObject({
        cost: '0.085000',
        costSource: 'HISTORY',
        ledgerEntries: [{ kind: 'HOLD' }, { kind: 'CHARGE', source: 'HISTORY' }, { kind: 'RELEASE' }],
      });
      await balanced(dramatis);
    } finally {
      await dramatis.stop();
    }
  });
});

describe('the balance', () => {
  let dramatis: Dramatis;
  let characterId: string;
  beforeAll(async () => {
    dramatis = await start({ environment: { ...quick, SEGMIND_RETENTION_MS: '1500' } }, null);
    ({ characterId } = await dramatis.cast());
    await reconcile(dramatis);
  });
  afterAll(() => dramatis.stop());

  it('tells that one run was charged', async () => {
    const id = await uncertain(dramatis, characterId, '[[simulate:accept-then-504]] alone');
    expect(await until(dramatis, id, 'FAILED')).toMatchObject({
      cost: '0.085000',
      costSource: 'BALANCE',
      failure: { code: 'SUBMISSION_UNCERTAIN' },
    });
    await balanced(dramatis);
  });

  it('tells that none was, once the provider would have forgotten it', async () => {
    const id = await uncertain(dramatis, characterId, '[[simulate:reset]] never');
    expect(await until(dramatis, id, 'FAILED')).toMatchObject({
      cost: '0.000000',
      costSource: 'NOT_CHARGED',
    });
    await balanced(dramatis);
  });

  it('tells that several of one price all were, also beside runs whose cost is known', async () => {
    const ids = await Promise.all(
      [1, 2, 3].map((n) => uncertain(dramatis, characterId, `[[simulate:accept-then-504]] ${n}`)),
    );
    const known = await dramatis.generate(characterId, 'known');
    expect(await dramatis.settle(known)).toMatchObject({ status: 'COMPLETED' });
    await eventually('all to be charged', () => dramatis.simulator.bill.length === 5);
    for (const id of ids)
      expect(await until(dramatis, id, 'FAILED')).toMatchObject({ cost: '0.085000', costSource: 'BALANCE' });
    const { lines, spent, balance } = await reconcile(dramatis);
    expect([spent, balance]).toEqual(['0.425000', '99.575000']);
    // What was found out later belongs to the time in which it was paid.
    expect(oddOf(lines)).toEqual([]);
    await balanced(dramatis);
  });

  it('leaves one of two to a person, with a line; what they say of the one tells of the other', async () => {
    const ids = await Promise.all(
      ['accept-then-504', 'reset'].map((fault) =>
        uncertain(dramatis, characterId, `[[simulate:${fault}]] of two`),
      ),
    );
    await eventually('the charge', () => dramatis.simulator.bill.length === 6);
    const { lines } = await eventually('the runs to be old', async () => {
      const told = await reconcile(dramatis);
      const [{ old }] = (await dramatis.database.query(
        "SELECT min(now() - attempted_at) > interval '2 seconds' AS old FROM generations WHERE status = 'UNCERTAIN'",
      )) as [{ old: boolean }];
      return old ? told : null;
    });
    for (const id of ids) expect((await find(dramatis, id)).status).toBe('UNCERTAIN');
    expect(oddOf(lines)).toMatchObject([
      { isQuiet: true, fell: '0.085000', explained: '0.000000', unexplained: '0.085000' },
    ]);
    const candidates = lines.nodes.flatMap((line: { candidates: { id: string }[] }) =>
      line.candidates.map(({ id }) => id),
    );
    expect(new Set(candidates)).toEqual(new Set(ids));
    await mutate(
      dramatis,
      admin,
      'resolveUncertainGeneration',
      { id: ids[1], outcome: 'NOT_CHARGED' },
      'generation { id }',
    );
    expect(await until(dramatis, ids[0] ?? '', 'FAILED')).toMatchObject({
      cost: '0.085000',
      costSource: 'BALANCE',
    });
    await balanced(dramatis);
  });

  it('tells of a run that was still under way when it was first looked at', async () => {
    const slow = '[[simulate:accept-then-504]] [[simulate:slow=4]] slow';
    const before = dramatis.simulator.bill.length;
    const id = await uncertain(dramatis, characterId, slow);
    const told = await reconcile(dramatis);
    expect([told.lines.nodes[0].isQuiet, dramatis.simulator.bill.length]).toEqual([true, before]);
    await eventually('the charge', () => dramatis.simulator.bill.length > before);
    expect(await until(dramatis, id, 'FAILED')).toMatchObject({ cost: '0.085000', costSource: 'BALANCE' });
    expect(oddOf((await reconcile(dramatis)).lines)).toEqual([]);
  });

  it('is not believed when a run comes and goes while it is asked for', async () => {
    let asked = 0;
    dramatis.simulator.onRequest = async ({ path }) => {
      if (!path.endsWith('get-user-credits') || asked++ > 0) return;
      await dramatis.settle(await dramatis.generate(characterId, 'between'));
    };
    expect((await reconcile(dramatis)).lines.nodes[0].isQuiet).toBe(false);
    dramatis.simulator.onRequest = undefined;
    expect(asked).toBe(1);
    expect(oddOf((await reconcile(dramatis)).lines)).toEqual([]);
  });

  it('that another client has used is a line, and changes no cost', async () => {
    const id = await dramatis.generate(characterId, 'ours');
    await dramatis.settle(id);
    const key = { 'x-api-key': dramatis.environment.SEGMIND_API_KEY ?? '' };
    const before = dramatis.simulator.bill.length;
    await post(dramatis.simulator, '/v2/consistent-character', { prompt: 'not ours' }, key);
    await eventually('it to be charged', () => dramatis.simulator.bill.length > before);
    const { lines } = await reconcile(dramatis);
    expect(lines.nodes[0]).toMatchObject({
      fell: '0.170000',
      explained: '0.085000',
      unexplained: '0.085000',
    });
    expect(await find(dramatis, id)).toMatchObject({ cost: '0.085000', costSource: 'PROVIDER' });
    await balanced(dramatis);
  });
});

describe('a price that has drifted while the provider tells none', () => {
  let dramatis: Dramatis;
  let characterId: string;
  let priceMicros = 91_237n;
  beforeAll(async () => {
    dramatis = await start(
      { environment: quick, simulator: { price: () => priceMicros, reportsCost: false } },
      null,
    );
    ({ characterId } = await dramatis.cast());
    await reconcile(dramatis);
  });
  afterAll(() => dramatis.stop());

  const billed = () => dramatis.simulator.bill.reduce((sum, { costMicros }) => sum + costMicros, 0n);
  const booked = async () => {
    const [row] = await dramatis.database.query(
      `SELECT sum(CASE 'SPENT'::"LedgerAccount" WHEN debit THEN amount_micros WHEN credit THEN -amount_micros ELSE 0 END)::text AS spent FROM ledger_entries`,
    );
    return BigInt(String(row?.spent));
  };

  it('of one run is the difference, up or down', async () => {
    const id = await dramatis.generate(characterId, 'dearer');
    expect(await dramatis.settle(id)).toMatchObject({ cost: '0.085000' });
    await reconcile(dramatis);
    expect(await find(dramatis, id)).toMatchObject({
      cost: '0.091237',
      costSource: 'BALANCE',
      ledgerEntries: [
        { kind: 'HOLD' },
        { kind: 'CHARGE' },
        { kind: 'RELEASE' },
        { kind: 'ADJUST', amount: '0.006237', source: 'BALANCE' },
      ],
    });
    priceMicros = 80_001n;
    const other = await dramatis.generate(characterId, 'cheaper');
    await dramatis.settle(other);
    await Promise.all([reconcile(dramatis), reconcile(dramatis), reconcile(dramatis)]);
    expect(await find(dramatis, other)).toMatchObject({ cost: '0.080001', costSource: 'BALANCE' });
    expect(await booked()).toBe(billed());
    await balanced(dramatis);
  });

  it('of several alike is shared, and teaches the price book', async () => {
    priceMicros = 97_531n;
    const ids = await Promise.all([1, 2, 3, 4].map((n) => dramatis.generate(characterId, `alike ${n}`)));
    for (const id of ids) await dramatis.settle(id);
    await reconcile(dramatis);
    for (const id of ids) expect(await find(dramatis, id)).toMatchObject({ cost: '0.097531' });
    expect(await booked()).toBe(billed());
    const lessons = await dramatis.database.query(
      "SELECT cost_micros::int AS cost FROM price_observations WHERE source = 'BALANCE' ORDER BY id",
    );
    expect(lessons.map(({ cost }) => cost)).toEqual([91_237, 80_001, 97_531, 97_531, 97_531, 97_531]);
    await balanced(dramatis);
  });

  it('of runs that are not alike is left as it is', async () => {
    const one = await dramatis.generate(characterId, 'one');
    const two = await dramatis.generate(characterId, 'two', {
      model: { consistentCharacter: { prompt: 'two', numberOfOutputs: 2 } },
    });
    for (const id of [one, two]) await dramatis.settle(id);
    const { lines } = await reconcile(dramatis);
    expect(lines.nodes[0]).toMatchObject({ explained: '0.255000', unexplained: '-0.059938' });
    expect((await find(dramatis, one)).costSource).toBe('PRICE_LIST');
    await balanced(dramatis);
  });
});

it('goes on by itself in workers, one process at a time', async () => {
  const dramatis = await start({ environment: { ...quick, RECONCILE_EVERY_MS: '200' } }, 'request-history');
  try {
    await dramatis.startServer({ ROLE: 'worker' });
    const { characterId } = await dramatis.cast();
    const id = await dramatis.generate(characterId, '[[simulate:accept-then-504]] by itself');
    const last = await eventually('its end', async () => {
      const generation = await find(dramatis, id);
      return generation.status === 'COMPLETED' ? generation : null;
    });
    expect(last.images).toHaveLength(1);
    await balanced(dramatis);
  } finally {
    await dramatis.stop();
  }
});
