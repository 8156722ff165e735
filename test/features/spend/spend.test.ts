import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromGlobalId, toGlobalId } from '../../../src/platform/reads/global-id.ts';
import { adminKey, Dramatis } from '../../support/dramatis.ts';
import { insertRun, type Run } from '../../support/ended-runs.ts';
import { awayFromMidnight, midnightMs } from '../../support/midnight.ts';
import type { Selected } from '../../support/operations/read.ts';
import { apiKey, mutate, type Person, team, token } from '../../support/people.ts';
import { placeOf, type Seeded, seed } from '../../support/seed.ts';

let dramatis: Dramatis;
let cast: Awaited<ReturnType<typeof team>>;
let project: string;
let userId: string;
let key: Awaited<ReturnType<typeof apiKey>>;
let mara: Seeded;
let nils: Seeded;
/** Of another project, which spends on the same days. */
let other: { projectId: string; characterId: string };
const run = (more: Partial<Run>) =>
  insertRun(dramatis.database, { projectId: project, characterId: mara.row, ...more });

beforeAll(awayFromMidnight, midnightMs);
beforeAll(async () => {
  // No worker: what is queued here stays queued.
  dramatis = await Dramatis.start({ environment: { ROLE: 'api', COST_BURST: '1000000' } });
  const made = await seed(dramatis)
    .team()
    .key()
    .character({ name: 'Mara' })
    .character({ name: 'Nils' })
    .make();
  ({ key } = made);
  cast = made;
  [mara, nils] = made.characters;
  project = fromGlobalId('Project', cast.projectId);
  const [editor] = await dramatis.database.query("SELECT id FROM users WHERE email = 'edgar@example.test'");
  userId = String(editor?.id);
  const inMarch = { requestedAt: '2026-03-02T00:00:00Z', costMicros: 1_000_000, userId };
  other = await seed(dramatis).project('Other').character({ name: 'Other' }).run(inMarch).make();
  // A Monday, the Sunday before it, and the first of the month after.
  const monday = '2026-03-02T00:00:00Z';
  await run({ requestedAt: monday, costMicros: 100_000, userId, seconds: 10, pictures: 2 });
  await run({
    requestedAt: monday,
    costMicros: 300_001,
    apiKeyId: fromGlobalId('ApiKey', key.id),
    seconds: 20,
  });
  await run({ requestedAt: '2026-03-01T23:59:59.999Z', costMicros: 40_000, characterId: nils.row, userId });
  await run({ requestedAt: '2026-04-01T12:00:00Z', costMicros: 7, model: 'gone-model', status: 'FAILED' });
  await run({ requestedAt: '2026-04-01T12:00:00Z', costMicros: 0, status: 'CANCELED' });
  await run({ requestedAt: '2026-04-01T12:00:00Z', status: 'QUEUED' });
  await run({ requestedAt: '2026-02-28T12:00:00Z', costMicros: 999 });
});
afterAll(() => dramatis.stop());

const figures = 'amount runs failures pictures keptPictures medianSeconds costPerPicture costPerKeptPicture';
const keys =
  'startsOn status projectId characterId userId apiKeyId project { name } model { slug title } character { name } user { email } apiKey { name }';
const forecasted = 'forecast { until amount perDay budgetRunsOutOn budget { cap } }';
const march = { from: '2026-03-01', to: '2026-04-01' };

type Report = Selected<
  'SpendReport',
  `{ rows { ${typeof keys} ${typeof figures} } hasMore totals { ${typeof figures} } ${typeof forecasted} }`
>;

async function spend(who: Person, args: object, more = '') {
  const query = `query ($from: Date!, $to: Date!, $groupBy: [SpendGrouping!]! = [], $filter: SpendFilter, $first: Int! = 100) {
    project(id: "${cast.projectId}") { spend(from: $from, to: $to, groupBy: $groupBy, filter: $filter, first: $first) {
      rows { ${keys} ${figures} } hasMore totals { ${figures} } ${more} } } }`;
  const { data, errors } = await dramatis.ask<{ project: { spend: Report } }>(
    query,
    { ...march, ...args },
    who,
  );
  if (errors) throw new Error(errors[0]?.extensions.code);
  return data.project.spend;
}
const told = async (args: object, ...names: string[]) =>
  (await spend(cast.editor, args)).rows.map((row: Record<string, unknown>) => names.map((name) => row[name]));

describe('the spend of a project', () => {
  it('is only for editors and owners', async () => {
    await expect(spend(cast.viewer, {})).rejects.toThrow('FORBIDDEN');
    await expect(spend({ key: await token('stranger') }, {})).rejects.toThrow('NOT_FOUND');
  });

  it.each([
    [{ from: '2026-03-02', to: '2026-03-01' }],
    [{ from: '2016-03-01', to: '2026-04-01' }],
    [{ groupBy: ['DAY', 'WEEK'] }],
    [{ groupBy: ['MONTH', 'MODEL', 'DAY'] }],
    [{ first: 0 }],
    [{ first: 1_001 }],
    [{ from: '2026-02-30' }],
    [{ groupBy: ['HOUR'] }],
    [{ filter: { statuses: ['FAILED', 'UNCERTAIN'] } }],
    [{ filter: { statuses: ['QUEUED'] } }],
    [{ filter: { models: ['a\0b'] } }],
  ])('refuses %j', async (args) => {
    await expect(spend(cast.editor, args)).rejects.toThrow('BAD_USER_INPUT');
  });

  it('adds up what has ended in its days, the last one included', async () => {
    const { rows, totals, hasMore } = await spend(cast.editor, {});
    expect(totals).toEqual({
      amount: '0.440008',
      runs: 5,
      failures: 1,
      pictures: 4,
      keptPictures: 4,
      medianSeconds: expect.any(Number),
      costPerPicture: '0.110002',
      costPerKeptPicture: '0.110002',
    });
    expect(rows).toEqual([
      {
        ...totals,
        ...Object.fromEntries(
          Object.keys(rows[0])
            .filter((name) => !(name in totals))
            .map((name) => [name, null]),
        ),
      },
    ]);
    expect(hasMore).toBe(false);
    const nothing = { from: '2020-01-01', to: '2020-01-02' };
    expect(await spend(cast.editor, nothing)).toMatchObject({
      rows: [],
      totals: { amount: '0.000000', runs: 0, medianSeconds: null, costPerPicture: null },
    });
  });

  it('takes days, ISO weeks and months in UTC, in order, the largest amount first', async () => {
    expect(await told({ groupBy: ['DAY'] }, 'startsOn', 'amount')).toEqual([
      ['2026-03-01', '0.040000'],
      ['2026-03-02', '0.400001'],
      ['2026-04-01', '0.000007'],
    ]);
    expect(await told({ groupBy: ['WEEK'] }, 'startsOn', 'amount')).toEqual([
      ['2026-02-23', '0.040000'],
      ['2026-03-02', '0.400001'],
      ['2026-03-30', '0.000007'],
    ]);
    expect(await told({ groupBy: ['MONTH', 'CHARACTER'] }, 'startsOn', 'character', 'amount')).toEqual([
      ['2026-03-01', { name: 'Mara' }, '0.400001'],
      ['2026-03-01', { name: 'Nils' }, '0.040000'],
      ['2026-04-01', { name: 'Mara' }, '0.000007'],
    ]);
  });

  it('is broken down by model, member, key, status and project', async () => {
    expect(await told({ groupBy: ['MODEL'] }, 'model', 'runs')).toMatchObject([
      [{ slug: 'consistent-character' }, 4],
      [{ slug: 'gone-model', title: 'gone-model' }, 1],
    ]);
    const editorId = toGlobalId('User', userId);
    expect(await told({ groupBy: ['MEMBER'] }, 'userId', 'user', 'amount')).toEqual([
      [null, null, '0.300008'],
      [editorId, { email: 'edgar@example.test' }, '0.140000'],
    ]);
    // An editor reads no key of the project's; an owner does.
    expect(await told({ groupBy: ['API_KEY'] }, 'apiKeyId', 'apiKey')).toEqual([
      [key.id, null],
      [null, null],
    ]);
    expect((await spend(cast.owner, { groupBy: ['API_KEY'] })).rows[0].apiKey).toEqual({ name: 'tests' });
    expect(await told({ groupBy: ['STATUS'] }, 'status', 'runs', 'failures')).toEqual([
      ['COMPLETED', 3, 0],
      ['FAILED', 1, 1],
      ['CANCELED', 1, 0],
    ]);
    expect(await told({ groupBy: ['PROJECT'] }, 'project', 'projectId')).toEqual([
      [{ name: 'Team' }, cast.projectId],
    ]);
  });

  it('tells an API key ids, and no names of members', async () => {
    const { rows } = await spend(key, { groupBy: ['MEMBER', 'API_KEY'] });
    expect(rows.map(({ user }: { user: unknown }) => user)).toEqual([null, null, null]);
    expect(rows.map((row: { userId: unknown }) => row.userId)).toContain(toGlobalId('User', userId));
    // Itself it may see.
    expect(rows[0].apiKey).toEqual({ name: 'tests' });
  });

  it.each([
    ['a model', () => ({ models: ['gone-model'] }), '0.000007'],
    ['none of its models', () => ({ models: [] }), '0.000000'],
    ['a character', () => ({ characterIds: [nils.id] }), '0.040000'],
    ['a user', () => ({ userIds: [toGlobalId('User', userId)] }), '0.140000'],
    ['a key', () => ({ apiKeyIds: [key.id] }), '0.300001'],
    ['a status', () => ({ statuses: ['FAILED', 'CANCELED'] }), '0.000007'],
    [
      'a user and a character',
      () => ({ userIds: [toGlobalId('User', userId)], characterIds: [mara.id] }),
      '0.100000',
    ],
    ['its own project', () => ({ projectIds: [cast.projectId] }), '0.440008'],
    ['another project', () => ({ projectIds: [other.projectId] }), '0.000000'],
    ['another character', () => ({ characterIds: [other.characterId] }), '0.000000'],
    ['an id of another type', () => ({ characterIds: [key.id] }), '0.000000'],
    ['nonsense', () => ({ apiKeyIds: ['nonsense'] }), '0.000000'],
  ])('is filtered by %s', async (_, filter, amount) => {
    expect((await spend(cast.editor, { filter: filter() })).totals.amount).toBe(amount);
    // The same from the finest slice as from the smallest one.
    const fine = await spend(cast.editor, {
      filter: filter(),
      groupBy: ['MODEL', 'CHARACTER', 'MEMBER', 'API_KEY'],
    });
    expect(fine.totals.amount).toBe(amount);
  });

  it('says when rows are left out; the totals hold them all the same', async () => {
    const { rows, hasMore, totals } = await spend(cast.editor, { groupBy: ['DAY'], first: 2 });
    expect([rows.length, hasMore, totals.amount]).toEqual([2, true, '0.440008']);
    expect((await spend(cast.editor, { groupBy: ['DAY'], first: 3 })).hasMore).toBe(false);
  });

  it('estimates the median, and prices pictures without those that were discarded', async () => {
    await dramatis.database.query(
      'UPDATE generations SET discarded = 1 WHERE project_id = $1 AND pictures = 2',
      [project],
    );
    const filter = { userIds: [toGlobalId('User', userId)], characterIds: [mara.id] };
    const { totals } = await spend(cast.editor, { filter });
    expect(totals).toMatchObject({
      pictures: 2,
      keptPictures: 1,
      costPerPicture: '0.050000',
      costPerKeptPicture: '0.100000',
    });
    expect(totals.medianSeconds / 10).toBeGreaterThan(2 ** -0.25);
    expect(totals.medianSeconds / 10).toBeLessThan(2 ** 0.25);
  });
});

describe('medians', () => {
  const inApril = { from: '2026-04-03', to: '2026-04-09' };
  beforeAll(async () => {
    const at = (day: number) => `2026-04-0${day}T12:00:00Z`;
    for (const seconds of [1, 1, 60]) await run({ requestedAt: at(3), seconds, userId });
    for (const seconds of [60, 60, 60, 1]) await run({ requestedAt: at(4), seconds, characterId: nils.row });
    await run({ requestedAt: at(4), seconds: 1, costMicros: 1 });
    await run({ requestedAt: at(5), seconds: null });
  });
  const about = (seconds: number) => ({ low: seconds / 2 ** 0.25, high: seconds * 2 ** 0.25 });

  it.each<[string[], [unknown, number | null][]]>([
    [
      ['DAY'],
      [
        ['2026-04-03', 1],
        ['2026-04-04', 60],
        ['2026-04-05', null],
      ],
    ],
    [
      ['MONTH', 'CHARACTER'],
      [
        ['Mara', 1],
        ['Nils', 60],
      ],
    ],
    [
      ['CHARACTER', 'MEMBER', 'STATUS'],
      [
        ['Mara', 1],
        ['Nils', 60],
        ['Mara', 1],
      ],
    ],
  ])('are those of each row, by %j', async (groupBy, expected) => {
    const { rows } = await spend(cast.editor, { ...inApril, groupBy });
    const medians = new Map(expected.map(([name, seconds]) => [name, seconds]));
    expect(rows.length).toBe(expected.length);
    for (const row of rows) {
      const seconds = medians.get(groupBy.includes('CHARACTER') ? row.character?.name : row.startsOn) ?? null;
      if (seconds === null) expect(row.medianSeconds).toBeNull();
      else {
        expect(row.medianSeconds).toBeGreaterThan(about(seconds).low);
        expect(row.medianSeconds).toBeLessThan(about(seconds).high);
      }
    }
  });

  it('are summed only for a document that asks for them, also in a fragment', async () => {
    const figuresIn = async (text: string, more = '') => {
      const query = `{ project(id: "${cast.projectId}") { spend(from: "2026-04-03", to: "2026-04-09", groupBy: [DAY]) { ${text} } } } ${more}`;
      const { data } = await dramatis.ask<{ project: { spend: Report } }>(query, {}, cast.editor);
      return data.project.spend;
    };
    const whole = await figuresIn('rows { amount medianSeconds } totals { amount medianSeconds }');
    const inFragment = await figuresIn(
      'rows { ...Times } totals { amount ... { medianSeconds } }',
      'fragment Times on SpendRow { amount medianSeconds }',
    );
    expect(inFragment).toEqual(whole);
    expect(whole.totals.medianSeconds).not.toBeNull();
    const without = await figuresIn('rows { amount } totals { amount }');
    expect(without).toEqual({
      rows: whole.rows.map(({ amount }: { amount: string }) => ({ amount })),
      totals: { amount: whole.totals.amount },
    });
  });
});

describe('the forecast', () => {
  const days = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString().slice(0, 10);
  const forecast = async (args: object) => (await spend(cast.editor, args, forecasted)).forecast;
  const budget = (period: string, cap: number, settled: number | null = null) =>
    dramatis.database.query(
      `WITH b AS (INSERT INTO budgets (id, project_id, scope, period, cap_micros) VALUES ($1, $2, 'PROJECT', $3::"BudgetPeriod", $4) RETURNING *)
       INSERT INTO budget_windows (budget_id, starts_at, ends_at, cap_micros, settled_micros)
       SELECT id, p.starts_at, p.ends_at, cap_micros, $5 FROM b, calendar_period(b.period, 'UTC', now()) p WHERE $5::bigint IS NOT NULL`,
      [randomUUID(), project, period, cap, settled],
    );

  it('is none for what is over', async () => {
    expect(await forecast({ to: days(-1) })).toBeNull();
  });

  it('is what was spent, and the mean of the last 28 days for each day to come', async () => {
    const before = { from: days(-10), to: days(4) };
    // All that there is lies too long ago.
    expect(await forecast(before)).toEqual({
      until: days(4),
      amount: '0.000000',
      perDay: '0.000000',
      budgetRunsOutOn: null,
      budget: null,
    });
    const at = (count: number) => ({ requestedAt: `${days(count)}T12:00:00Z` });
    await run({ ...at(-1), costMicros: 28_000 });
    await run({ ...at(-28), costMicros: 14 });
    await run({ ...at(-29), costMicros: 900_000 });
    await run({ ...at(0), requestedAt: `${days(0)}T00:00:00Z`, costMicros: 500 });
    expect(await forecast(before)).toEqual({
      until: days(4),
      // (28000 + 14) / 28 a day, rounded half up, for four days.
      perDay: '0.001001',
      amount: '0.032504',
      budgetRunsOutOn: null,
      budget: null,
    });
    expect(await forecast({ from: days(-28), to: days(0) })).toMatchObject({ amount: '0.028514' });
    expect(await forecast({ from: days(3), to: days(4) })).toMatchObject({ amount: '0.002002' });
    // A new character: the forecast has only today to go by, then one full day.
    const newcomer = await seed(dramatis).in(cast).character({ name: 'Ola' }).make();
    const ola = newcomer.characters[0].row;
    await run({ ...at(0), requestedAt: `${days(0)}T00:00:00Z`, costMicros: 1, characterId: ola });
    const filter = { characterIds: [newcomer.characterId] };
    expect(await forecast({ ...before, filter })).toMatchObject({ perDay: '0.000001', amount: '0.000005' });
    await run({ ...at(-1), costMicros: 28_000, characterId: ola });
    expect(await forecast({ ...before, filter })).toMatchObject({ perDay: '0.028000', amount: '0.140001' });
  });

  it('says when a budget of the project has nothing left', async () => {
    const until = { from: days(-10), to: days(4) };
    // 2001 a day by now: 10006 are gone within the sixth day.
    await budget('TOTAL', 15_000, 4_994);
    expect(await forecast(until)).toMatchObject({ budgetRunsOutOn: days(6) });
    await budget('DAY', 500_000, 499_999);
    expect(await forecast(until)).toMatchObject({ budgetRunsOutOn: days(6) });
    await dramatis.database.query(
      'UPDATE budget_windows SET settled_micros = cap_micros WHERE cap_micros = 500000',
    );
    expect(await forecast(until)).toMatchObject({ budgetRunsOutOn: days(0), budget: { cap: '0.500000' } });
    await dramatis.database.query("UPDATE budgets SET removed_at = now() WHERE period = 'DAY'");
    expect(await forecast(until)).toMatchObject({ budgetRunsOutOn: days(6) });
  });
});

it('on the first day of all the forecast goes by that day, and tells a budget that is used up on it', async () => {
  const fresh = await seed(dramatis).project('New').character().make();
  const today = new Date().toISOString().slice(0, 10);
  const forecast = async () => {
    const query = `{ project(id: "${fresh.projectId}") { spend(from: "${today}", to: "${today}") {
      forecast { amount perDay budgetRunsOutOn budget { cap } } } } }` as const;
    return (await dramatis.get(query)).project.spend.forecast;
  };
  expect(await forecast()).toEqual({
    amount: '0.000000',
    perDay: '0.000000',
    budgetRunsOutOn: null,
    budget: null,
  });
  const budget = { projectId: fresh.projectId, scope: 'PROJECT', period: 'DAY', cap: '0.05' };
  await mutate(dramatis, fresh.owner, 'createBudget', budget, 'budget { id }');
  await insertRun(dramatis.database, { ...placeOf(fresh), holdMicros: 50_000, costMicros: 50_000 });
  expect(await forecast()).toEqual({
    amount: '0.050000',
    perDay: '0.050000',
    budgetRunsOutOn: today,
    budget: { cap: '0.050000' },
  });
});

describe('the spend of all projects', () => {
  const ask = (who: Person, args: object) =>
    dramatis.ask(
      `query ($from: Date!, $to: Date!, $groupBy: [SpendGrouping!]!, $filter: SpendFilter) {
        spend(from: $from, to: $to, groupBy: $groupBy, filter: $filter) { totals { amount } rows { projectId project { name } user { email } amount } forecast { amount } } }`,
      { ...march, groupBy: ['PROJECT'], ...args },
      who,
    );

  it('is for the admin alone', async () => {
    for (const who of [cast.owner, cast.editor, key, { key: await token('stranger') }]) {
      expect((await ask(who, {})).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    }
  });

  it('counts projects that are gone', async () => {
    const gone = randomUUID();
    await dramatis.database.query(
      `INSERT INTO spend_rollups (project_id, day, slice, model, character_id, user_id, api_key_id, status, amount_micros,
         runs, failures, pictures, discarded, seconds)
       SELECT $1, '2026-03-05', 'MODEL', model, character_id, user_id, api_key_id, status, 5000000, 1, 0, 1, 0, seconds
       FROM spend_rollups WHERE slice = 'MODEL' LIMIT 1`,
      [gone],
    );
    const admin = { key: adminKey };
    const { data } = await ask(admin, {});
    expect(data.spend.totals.amount).toBe('6.440008');
    expect(data.spend.rows).toMatchObject([
      { projectId: toGlobalId('Project', gone), project: null, amount: '5.000000' },
      { projectId: other.projectId, project: { name: 'Other' }, amount: '1.000000' },
      { projectId: cast.projectId, project: { name: 'Team' }, amount: '0.440008' },
    ]);
    const some = await ask(admin, { filter: { projectIds: [cast.projectId] }, groupBy: ['MEMBER'] });
    expect(some.data.spend.totals.amount).toBe('0.440008');
    expect(some.data.spend.rows.map(({ user }: { user: unknown }) => user)).toContainEqual({
      email: 'edgar@example.test',
    });
  });
});
