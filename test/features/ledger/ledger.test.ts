import 'reflect-metadata';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ledgerOfGenerationIfVisible } from '../../../src/features/ledger/ledger-entry.queries.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { toGlobalId } from '../../../src/platform/reads/global-id.ts';
import { Loaders } from '../../../src/platform/reads/loaders.ts';
import { Dramatis } from '../../support/dramatis.ts';
import { awayFromMidnight, midnightMs } from '../../support/midnight.ts';
import { apiKey, type Person, type team } from '../../support/people.ts';
import { holdRun, type RunPlace, settleRun } from '../../support/runs.ts';
import { placeOf, seed } from '../../support/seed.ts';

let dramatis: Dramatis;
let db: Database;
let cast: Awaited<ReturnType<typeof team>>;
let place: RunPlace;
let runs: string[];
beforeAll(awayFromMidnight, midnightMs);
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { ROLE: 'api' } });
  db = connectDatabase(dramatis.database.url, { maxConnections: 10 });
  dramatis.onStop(() => db.$disconnect());
  const made = await seed(dramatis).team().character().make();
  cast = made;
  place = placeOf(made);
  const [cheap, dear, open] = [
    await holdRun(db, place, 1_000_000n),
    await holdRun(db, place, 100_000n, { requestedAt: new Date('2026-01-31T23:59:59.999Z') }),
    await holdRun(db, place, 300_000n),
  ];
  await settleRun(db, cheap, 580_000n);
  await settleRun(db, dear, 150_000n);
  await db.generation.update({ where: { id: cheap }, data: { costMicros: 500_000n, costSource: 'BALANCE' } });
  runs = [cheap, dear, open];
});
afterAll(() => dramatis.stop());

interface Ledger {
  readonly totalCount: number;
  readonly pageInfo: { hasNextPage: boolean; endCursor: string };
  readonly nodes: Record<'id' | 'kind' | 'debit' | 'credit' | 'amount' | 'day' | 'source', string>[];
}

async function ledger(
  args: string,
  who: Person = cast.owner,
  selection = 'kind debit credit amount day source',
): Promise<Ledger> {
  const { data, errors } = await dramatis.ask<{ project: { ledger: Ledger } }>(
    `{ project(id: "${cast.projectId}") { ledger(${args}) { totalCount pageInfo { hasNextPage endCursor } nodes { ${selection} } } } }`,
    {},
    who,
  );
  if (errors) throw new Error(errors[0]?.extensions.code);
  return data.project.ledger;
}

it('is for those who may know what is spent', async () => {
  await expect(ledger('first: 5', cast.viewer)).rejects.toThrow('FORBIDDEN');
  const viewersKey = await apiKey(dramatis, cast.owner, cast.projectId, { role: 'VIEWER' });
  await expect(ledger('first: 5', viewersKey)).rejects.toThrow('FORBIDDEN');
  expect(await ledger('first: 5', await apiKey(dramatis, cast.owner, cast.projectId))).toMatchObject({
    totalCount: 8,
  });
  expect(await ledger('first: 5', cast.editor)).toMatchObject({ totalCount: 8 });
  for (const args of ['first: 0', 'first: 101', 'first: 5, after: "x"', 'first: 5, after: "MTIz"'])
    await expect(ledger(args)).rejects.toThrow('BAD_USER_INPUT');
});

it('tells every amount that moved, the newest first, and its accounts add up', async () => {
  const today = new Date().toISOString().slice(0, 10);
  const { nodes } = await ledger('first: 100');
  const told = nodes.map((entry) =>
    (['kind', 'credit', 'debit', 'amount', 'source'] as const).map((name) => entry[name]).join(' '),
  );
  expect(told).toEqual([
    'ADJUST SPENT AVAILABLE 0.080000 BALANCE',
    'ADJUST AVAILABLE SPENT 0.050000 PROVIDER',
    'CHARGE HELD SPENT 0.100000 PROVIDER',
    'RELEASE HELD AVAILABLE 0.420000 PROVIDER',
    'CHARGE HELD SPENT 0.580000 PROVIDER',
    'HOLD AVAILABLE HELD 0.300000 UPPER_BOUND',
    'HOLD AVAILABLE HELD 0.100000 UPPER_BOUND',
    'HOLD AVAILABLE HELD 1.000000 UPPER_BOUND',
  ]);
  expect(nodes.map(({ day }) => day)).toEqual(
    [0, 1, 1, 0, 0, 0, 1, 0].map((isOld) => (isOld ? '2026-01-31' : today)),
  );
  const balance = (account: string) =>
    nodes.reduce(
      (sum, { debit, credit, amount }) =>
        sum + Number(amount) * 1e6 * ((debit === account ? 1 : 0) - (credit === account ? 1 : 0)),
      0,
    );
  expect(['HELD', 'SPENT', 'AVAILABLE'].map(balance)).toEqual([300_000, 650_000, -950_000]);
});

it('is read in pages that miss and repeat nothing', async () => {
  const seen: string[] = [];
  let after = '';
  for (let page = 0; page < 4; page += 1) {
    const { nodes, pageInfo } = await ledger(`first: 3${after}`, cast.owner, 'id');
    seen.push(...nodes.map(({ id }) => id));
    after = `, after: "${pageInfo.endCursor}"`;
    if (!pageInfo.hasNextPage) break;
  }
  const all = await ledger('first: 100', cast.owner, 'id');
  expect(seen).toEqual(all.nodes.map(({ id }) => id));
  expect(new Set(seen).size).toBe(8);
});

it('is filtered by all conditions together', async () => {
  const count = async (filter: string) => (await ledger(`first: 100, filter: { ${filter} }`)).totalCount;
  const [cheap, dear] = runs.map((id) => toGlobalId('Generation', id));
  const mara = toGlobalId('Character', place.characterId);
  const later = new Date(Date.now() + 60_000).toISOString();
  expect(await count('kinds: [HOLD]')).toBe(3);
  expect(await count('kinds: [CHARGE, RELEASE]')).toBe(3);
  expect(await count(`generationId: "${cheap}"`)).toBe(4);
  expect(await count(`generationId: "${dear}", kinds: [ADJUST]`)).toBe(1);
  expect(await count(`characterId: "${mara}"`)).toBe(8);
  expect(await count(`from: "${later}"`)).toBe(0);
  expect(await count(`until: "${later}"`)).toBe(8);
  expect(await count('toDay: "2026-01-31"')).toBe(3);
  expect(await count('fromDay: "2026-01-31", toDay: "2026-01-31"')).toBe(3);
  expect(await count('toDay: "2026-01-30"')).toBe(0);
  expect(await count('fromDay: "2026-02-01"')).toBe(5);
  expect(await count(`fromDay: "2026-02-01", kinds: [HOLD], generationId: "${dear}"`)).toBe(0);
  for (const none of [mara, 'nonsense', '']) expect(await count(`generationId: "${none}"`)).toBe(0);
  const { nodes } = await ledger(`first: 1, filter: { generationId: "${dear}" }`, cast.owner, 'generationId');
  expect(nodes).toEqual([{ generationId: dear }]);
});

it('is read for many runs at once, in order', async () => {
  const ctx = { db, viewer: { kind: 'ADMIN' } as const, loaders: new Loaders() };
  const lists = await Promise.all(runs.map((id) => ledgerOfGenerationIfVisible(ctx, { id, ...place })));
  expect(lists.map((entries) => entries?.map(({ kind }) => kind))).toEqual([
    ['HOLD', 'CHARGE', 'RELEASE', 'ADJUST'],
    ['HOLD', 'CHARGE', 'ADJUST'],
    ['HOLD'],
  ]);
});

it("of a run is null for those who may not know what is spent, and costs them nothing of the run's rest", async () => {
  const id = toGlobalId('Generation', runs[1] ?? '');
  const entries = async (who: Person) =>
    (await dramatis.ask(`{ generation(id: "${id}") { id ledgerEntries { amount } } }`, {}, who)).data
      .generation;
  const viewersKey = await apiKey(dramatis, cast.owner, cast.projectId, { role: 'VIEWER' });
  for (const who of [cast.viewer, viewersKey])
    expect(await entries(who)).toEqual({ id, ledgerEntries: null });
  expect((await entries(cast.editor)).ledgerEntries).toEqual(
    ['0.100000', '0.100000', '0.050000'].map((amount) => ({ amount })),
  );
});

it('cannot be changed', async () => {
  for (const statement of [
    'UPDATE ledger_entries SET amount_micros = 1',
    'DELETE FROM ledger_entries',
    'TRUNCATE ledger_entries',
  ])
    await expect(dramatis.database.query(statement)).rejects.toThrow('ledger_entries only grows');
});
