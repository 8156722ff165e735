import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { BudgetExceeded } from '../../../src/errors.ts';
import { judgeBudgets, refusalOf } from '../../../src/features/budgets/verdicts.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { isOverBudget } from '../../support/over-budget.ts';
import { holdRun, type RunPlace } from '../../support/runs.ts';

let database: TestDatabase;
let db: Database;
let place: RunPlace;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url, { maxConnections: 10 });
});
afterAll(async () => {
  await db.$disconnect();
  await database.drop();
});
beforeEach(async () => {
  const { id: projectId } = await db.project.create({ data: { name: 'Verdicts' } });
  const { id: characterId } = await db.character.create({ data: { projectId, name: 'Mara' } });
  place = { projectId, characterId };
});

const [userId, apiKeyId] = [randomUUID(), randomUUID()];
const run = (more = {}) => ({ ...place, userId, apiKeyId, model: 'consistent-character', ...more });

it('asks every budget that covers a run, and no other', async () => {
  const { projectId, characterId } = place;
  const make = (data: object) =>
    db.budget.create({
      data: { projectId, scope: 'PROJECT', period: 'DAY', capMicros: 10n, ...data },
    });
  const covering = [
    await make({}),
    await make({ period: 'TOTAL' }),
    await make({ scope: 'MEMBER', userId }),
    await make({ scope: 'API_KEY', apiKeyId }),
    await make({ scope: 'CHARACTER', characterId }),
    await make({ scope: 'MODEL', model: 'consistent-character' }),
  ];
  await make({ scope: 'MEMBER', userId: randomUUID() });
  await make({ scope: 'API_KEY', apiKeyId: randomUUID() });
  await make({ scope: 'CHARACTER', characterId: randomUUID() });
  await make({ scope: 'MODEL', model: 'another' });
  await make({ period: 'MONTH', removedAt: new Date() });
  const { id: elsewhere } = await db.project.create({ data: { name: 'Elsewhere' } });
  await make({ projectId: elsewhere });

  const verdicts = await judgeBudgets(db, run(), 3n);
  expect(verdicts.map(({ budget }) => budget.id).sort()).toEqual(covering.map(({ id }) => id).sort());
  const ofAdmin = await judgeBudgets(db, run({ userId: null, apiKeyId: null }), 3n);
  expect(ofAdmin.map(({ budget }) => budget.scope)).toEqual(['PROJECT', 'PROJECT', 'CHARACTER', 'MODEL']);
  expect(await judgeBudgets(db, run({ projectId: randomUUID() }), 3n)).toEqual([]);
});

it('says what fits to the micro-dollar, and refuses with every budget that has no room', async () => {
  const { projectId } = place;
  await db.budget.create({ data: { projectId, scope: 'PROJECT', period: 'MONTH', capMicros: 10n } });
  await db.budget.create({
    data: { projectId, scope: 'MODEL', model: 'consistent-character', period: 'TOTAL', capMicros: 8n },
  });
  const judge = (amount: bigint) => judgeBudgets(db, run(), amount);
  expect(refusalOf(await judge(8n))).toBeNull();
  await holdRun(db, place, 5n);
  expect((await judge(4n)).map(({ available, required, fits }) => [available, required, fits])).toEqual([
    [5n, 4n, true],
    [3n, 4n, false],
  ]);
  expect((await judge(3n)).map(({ fits }) => fits)).toEqual([true, true]);
  const refusal = refusalOf(await judge(6n), ['input']);
  expect(refusal).toBeInstanceOf(BudgetExceeded);
  expect([refusal?.code, refusal?.path, refusal?.message]).toEqual([
    'BUDGET_EXCEEDED',
    ['input'],
    "Up to 0.000006 is needed; the project's budget for this month has 0.000005 available, the model's budget in total has 0.000003 available.",
  ]);
  // The database is of the same mind, at every amount.
  for (const amount of [6n, 5n, 4n, 3n]) {
    const fits = (await judge(amount)).every((verdict) => verdict.fits);
    const outcome = await holdRun(db, place, amount).then(
      () => 'held',
      (error: unknown) => isOverBudget(error) && 'refused',
    );
    expect([amount, fits, outcome]).toEqual([amount, amount === 3n, amount === 3n ? 'held' : 'refused']);
  }
  // Nothing is left, and what costs nothing still fits.
  expect((await judge(0n)).map(({ available, fits }) => [available, fits])).toEqual([
    [2n, true],
    [0n, true],
  ]);
});
