import 'reflect-metadata';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { createBudget } from '../../../src/features/budgets/create-budget.ts';
import { updateBudget } from '../../../src/features/budgets/update-budget.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { toGlobalId } from '../../../src/platform/reads/global-id.ts';
import { Loaders } from '../../../src/platform/reads/loaders.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { awayFromMidnight, midnightMs } from '../../support/midnight.ts';
import { isOverBudget } from '../../support/over-budget.ts';
import { holdRun, type RunPlace, settleRun } from '../../support/runs.ts';

let database: TestDatabase;
let db: Database;
let place: RunPlace;
beforeAll(awayFromMidnight, midnightMs);
beforeAll(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url, { maxConnections: 20 });
});
afterAll(async () => {
  await db.$disconnect();
  await database.drop();
});
beforeEach(async () => {
  const { id: projectId } = await db.project.create({ data: { name: 'Windows' } });
  const { id: characterId } = await db.character.create({ data: { projectId, name: 'Mara' } });
  place = { projectId, characterId };
});

const asAdmin = () => ({ db, viewer: { kind: 'ADMIN' } as const, loaders: new Loaders() });
const budget = (capMicros: bigint, period: 'DAY' | 'MONTH' | 'TOTAL' = 'DAY', thresholds?: number[]) =>
  createBudget(asAdmin(), {
    projectId: toGlobalId('Project', place.projectId),
    scope: 'PROJECT',
    period,
    cap: capMicros,
    thresholds,
  });
const changeCap = (id: string, cap: bigint) => updateBudget(asAdmin(), { id: toGlobalId('Budget', id), cap });
const windows = (budgetId: string) =>
  db.budgetWindow.findMany({
    where: { budgetId },
    select: { capMicros: true, settledMicros: true, heldMicros: true, overrunMicros: true },
  });
const tries = (count: number, micros: bigint) =>
  Promise.all(
    Array.from({ length: count }, () =>
      holdRun(db, place, micros).then(
        () => true,
        (error: unknown) => {
          if (isOverBudget(error)) return false;
          throw error;
        },
      ),
    ),
  );
const dayAgo = (days = 1) => new Date(Date.now() - days * 86_400_000);

it('a hold that does not fit is refused, and one that fits to the last micro-dollar is not', async () => {
  const { id } = await budget(10n);
  expect(await tries(1, 11n)).toEqual([false]);
  expect(await tries(1, 10n)).toEqual([true]);
  expect(await tries(1, 1n)).toEqual([false]);
  expect(await windows(id)).toEqual([
    { capMicros: 10n, settledMicros: 0n, heldMicros: 10n, overrunMicros: 0n },
  ]);
  // What costs nothing at the most is refused by no cap.
  expect(await tries(1, 0n)).toEqual([true]);
});

it('a new budget counts what was settled and is held since its period began, and is over it when that is more', async () => {
  await settleRun(db, await holdRun(db, place, 8n), 5n);
  await settleRun(db, await holdRun(db, place, 2n), 3n);
  await holdRun(db, place, 4n);
  await settleRun(db, await holdRun(db, place, 50n, { requestedAt: dayAgo() }), 40n);
  await holdRun(db, place, 60n, { requestedAt: dayAgo() });
  const [day, total] = [await budget(10n, 'DAY', [50, 100]), await budget(1_000n, 'TOTAL', [5, 10, 50])];
  expect(await windows(day.id)).toEqual([
    { capMicros: 10n, settledMicros: 8n, heldMicros: 4n, overrunMicros: 2n },
  ]);
  expect(await windows(total.id)).toEqual([
    { capMicros: 1_000n, settledMicros: 48n, heldMicros: 64n, overrunMicros: 0n },
  ]);
  expect(await tries(1, 1n)).toEqual([false]);
  const alerts = await db.budgetAlert.findMany({ where: { projectId: place.projectId } });
  expect(alerts.map(({ budgetId, threshold }) => [budgetId, threshold])).toEqual([
    [day.id, 50],
    [day.id, 100],
    [total.id, 5],
    [total.id, 10],
  ]);
});

it('runs of a period that was over when the budget was made settle whatever they cost', async () => {
  const [dear, cheap] = [
    await holdRun(db, place, 5n, { requestedAt: dayAgo() }),
    await holdRun(db, place, 10n, { requestedAt: dayAgo() }),
  ];
  const { id } = await budget(100n);
  await settleRun(db, dear, 8n);
  await settleRun(db, cheap, 2n);
  await db.generation.update({ where: { id: dear }, data: { costMicros: 1n } });
  expect(await windows(id)).toEqual([]);
});

it('a hold that was booked while the budget waited for its turn counts once', async () => {
  for (let round = 0; round < 5; round += 1) {
    const [made] = await Promise.all([
      budget(1_000n, 'TOTAL').catch(() => null),
      ...Array.from({ length: 10 }, () => holdRun(db, place, 1n)),
    ]);
    const id = made?.id ?? '';
    const held = await db.generation.aggregate({
      where: { projectId: place.projectId },
      _sum: { holdMicros: true },
    });
    expect(await windows(id)).toMatchObject([{ heldMicros: held._sum.holdMicros }]);
    await db.budget.update({ where: { id }, data: { removedAt: new Date() } });
  }
});

it('a cap below what is held is taken at its word, and what is released does not make room above it', async () => {
  const { id } = await budget(100n);
  const runs = [await holdRun(db, place, 40n), await holdRun(db, place, 40n)];
  await changeCap(id, 30n);
  expect(await windows(id)).toMatchObject([{ capMicros: 30n, heldMicros: 80n, overrunMicros: 50n }]);
  expect(await tries(3, 1n)).toEqual([false, false, false]);
  await settleRun(db, runs[0] ?? '', 0n);
  expect(await windows(id)).toMatchObject([{ heldMicros: 40n, overrunMicros: 10n }]);
  expect(await tries(1, 1n)).toEqual([false]);
  await settleRun(db, runs[1] ?? '', 25n);
  expect(await windows(id)).toMatchObject([{ settledMicros: 25n, heldMicros: 0n, overrunMicros: 0n }]);
  expect(await tries(1, 6n)).toEqual([false]);
  expect(await tries(1, 5n)).toEqual([true]);
  await changeCap(id, 31n);
  expect(await tries(2, 1n).then((each) => each.filter(Boolean))).toEqual([true]);
});

it('only the current window gets the new cap', async () => {
  const { id } = await budget(100n);
  const [startsAt, endsAt] = [dayAgo(2), dayAgo(1)];
  await db.budgetWindow.create({ data: { budgetId: id, startsAt, endsAt, capMicros: 100n } });
  await holdRun(db, place, 1n);
  await changeCap(id, 50n);
  expect((await windows(id)).map(({ capMicros }) => capMicros).sort()).toEqual([100n, 50n].sort());
});

it('of fifty holds, caps that change meanwhile let in exactly those that fit at that moment', async () => {
  await database.query(
    `CREATE TABLE steps (number bigserial, budget uuid, before bigint, after bigint, held bigint, cap bigint, overrun bigint);
     CREATE FUNCTION note_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       INSERT INTO steps (budget, before, after, held, cap, overrun) VALUES (NEW.budget_id, OLD.settled_micros + OLD.held_micros,
         NEW.settled_micros + NEW.held_micros, NEW.held_micros, NEW.cap_micros, NEW.overrun_micros);
       RETURN NULL; END $$;
     CREATE TRIGGER note_step AFTER UPDATE ON budget_windows FOR EACH ROW EXECUTE FUNCTION note_step();`,
  );
  const { id } = await budget(100n, 'TOTAL', []);
  const caps = [20n, 250n, 5n, 120n, 60n, 300n, 1n, 200n];
  const [accepted] = await Promise.all([
    tries(50, 10n),
    (async () => {
      for (const cap of caps) await changeCap(id, cap);
    })(),
  ]);
  // However the two were interleaved, some of the caps are met by nothing but the holds.
  expect(
    await tries(50, 10n).then((more) => more.filter(Boolean).length + accepted.filter(Boolean).length),
  ).toBeLessThanOrEqual(25);
  const steps = await database.query('SELECT * FROM steps WHERE budget = $1 ORDER BY number', [id]);
  const holds = steps.filter(({ before, after }) => BigInt(String(after)) > BigInt(String(before)));
  expect(holds.length).toBeGreaterThanOrEqual(20);
  for (const step of holds) expect(Number(step.after)).toBeLessThanOrEqual(Number(step.cap));
  for (const { after, cap, overrun } of steps)
    expect(Number(overrun)).toBe(Math.max(0, Number(after) - Number(cap)));
  const [window] = await windows(id);
  expect(window).toMatchObject({ capMicros: 200n, heldMicros: BigInt(holds.length) * 10n });
  expect(await db.generation.count({ where: { projectId: place.projectId } })).toBe(holds.length);
});
