import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createBudget } from '../../../src/features/budgets/create-budget.ts';
import { readStandings } from '../../../src/features/budgets/windows.ts';
import { updateProject } from '../../../src/features/projects/update-project.ts';
import { booksSql } from '../../../src/features/reconciliation/books.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { toGlobalId } from '../../../src/platform/reads/global-id.ts';
import { Loaders } from '../../../src/platform/reads/loaders.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { awayFromMidnight, midnightMs } from '../../support/midnight.ts';
import { holdRun, settleRun } from '../../support/runs.ts';

/*
 * Days of people: a period of a budget is a day or month of the project's zone, whatever the clocks do there.
 */
let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  await awayFromMidnight();
  database = await createTestDatabase();
  db = connectDatabase(database.url, { maxConnections: 2 });
}, midnightMs);
afterAll(async () => {
  await db.$disconnect();
  await database.drop();
});

const period = async (kind: 'DAY' | 'MONTH', zone: string, moment: string) => {
  const [row] = await database.query(
    `SELECT to_char(starts_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') AS starts, to_char(ends_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') AS ends,
       extract(epoch FROM ends_at - starts_at)::float8 / 3600 AS hours FROM calendar_period($1::"BudgetPeriod", $2, $3)`,
    [kind, zone, moment],
  );
  return row;
};

describe('the calendar', () => {
  it.each([
    ['UTC', '2026-11-28T12:00Z', '11-28 00:00', '11-29 00:00', 24],
    ['Europe/Berlin', '2026-03-29T12:00Z', '03-28 23:00', '03-29 22:00', 23],
    ['Europe/Berlin', '2026-10-25T12:00Z', '10-24 22:00', '10-25 23:00', 25],
    ['America/New_York', '2026-11-01T04:00Z', '11-01 04:00', '11-02 05:00', 25],
    ['America/New_York', '2026-11-01T03:59Z', '10-31 04:00', '11-01 04:00', 24],
    ['Asia/Kolkata', '2026-11-28T18:30Z', '11-28 18:30', '11-29 18:30', 24],
    ['Asia/Kathmandu', '2026-11-28T18:14Z', '11-27 18:15', '11-28 18:15', 24],
    // Half an hour forward, and back.
    ['Australia/Lord_Howe', '2026-10-03T20:00Z', '10-03 13:30', '10-04 13:00', 23.5],
    ['Australia/Lord_Howe', '2026-04-04T20:00Z', '04-04 13:00', '04-05 13:30', 24.5],
    // Midnight comes twice: the day begins with the first.
    ['America/Havana', '2026-11-01T04:30Z', '11-01 04:00', '11-02 05:00', 25],
    ['America/Havana', '2026-11-01T05:30Z', '11-01 04:00', '11-02 05:00', 25],
    // There is no midnight: the day begins when the clocks are put forward.
    ['Africa/Cairo', '2026-04-24T12:00Z', '04-23 22:00', '04-24 21:00', 23],
  ])('%s at %s: a day from %s to %s', async (zone, moment, starts, ends, hours) => {
    expect(await period('DAY', zone, moment)).toEqual({ starts, ends, hours });
  });

  it('months are those of the zone as well', async () => {
    expect(await period('MONTH', 'Asia/Kolkata', '2026-10-31T19:00Z')).toMatchObject({
      starts: '10-31 18:30',
      ends: '11-30 18:30',
    });
    expect(await period('MONTH', 'Europe/Berlin', '2026-10-25T12:00Z')).toMatchObject({ hours: 31 * 24 + 1 });
  });

  it('has no gap and no overlap in any zone, and each moment lies in its period', async () => {
    const wrong = await database.query(`
      WITH zones AS (
        SELECT name FROM pg_timezone_names WHERE name LIKE '%/%' AND name NOT LIKE 'posix/%' AND name NOT LIKE 'Etc/%'
      ), moments AS (
        SELECT z.name AS zone, m AS moment, p.starts_at, p.ends_at
        FROM zones z, generate_series('2026-01-01Z'::timestamptz, '2026-12-31Z'::timestamptz, interval '11 hours 59 minutes') m,
          LATERAL calendar_period('DAY', z.name, m) p
        WHERE abs(hashtext(z.name)) % 6 = 0
      ), periods AS (SELECT DISTINCT zone, starts_at, ends_at FROM moments)
      SELECT zone, moment::text AS at, 'outside' AS fault FROM moments WHERE moment < starts_at OR moment >= ends_at
      UNION ALL
      SELECT zone, starts_at::text, 'not the next' FROM (
        SELECT *, lag(ends_at) OVER (PARTITION BY zone ORDER BY starts_at) AS previous_end FROM periods) p
      WHERE previous_end <> starts_at
      LIMIT 10`);
    expect(wrong).toEqual([]);
  });
});

describe('a project that changes its zone', () => {
  const asAdmin = () => ({ db, viewer: { kind: 'ADMIN' } as const, loaders: new Loaders() });
  const move = (projectId: string, timeZone: string) =>
    updateProject(asAdmin(), { id: toGlobalId('Project', projectId), timeZone });
  const windows = (budgetId: string) =>
    database.query(
      `SELECT starts_at AS "startsAt", ends_at AS "endsAt", held_micros::int AS held, settled_micros::int AS settled, time_zone AS zone
       FROM budget_windows WHERE budget_id = $1 ORDER BY starts_at`,
      [budgetId],
    );
  const hourMs = 3_600_000;
  const midnight = new Date(Math.floor(Date.now() / (24 * hourMs)) * 24 * hourMs);
  const later = (hours: number) => new Date(midnight.getTime() + hours * hourMs);

  it('its open period ends at its old end, and the next begins there in the new zone', async () => {
    const { id: projectId } = await db.project.create({ data: { name: 'Zones' } });
    const { id: characterId } = await db.character.create({ data: { projectId, name: 'Mara' } });
    const place = { projectId, characterId };
    const budget = await createBudget(asAdmin(), {
      projectId: toGlobalId('Project', projectId),
      scope: 'PROJECT',
      period: 'DAY',
      cap: 100n,
    });
    const early = await holdRun(db, place, 60n);
    await expect(holdRun(db, place, 60n)).rejects.toThrow('budget_windows_cap_check');
    // 14 hours ahead of UTC: its own day ends ten hours after UTC's midnight.
    await move(projectId, 'pacific/kiritimati');
    expect((await db.project.findUniqueOrThrow({ where: { id: projectId } })).timeZone).toBe(
      'Pacific/Kiritimati',
    );
    await expect(holdRun(db, place, 60n)).rejects.toThrow('budget_windows_cap_check');
    await holdRun(db, place, 60n, { requestedAt: later(24.5) });
    await expect(holdRun(db, place, 60n, { requestedAt: later(33.9) })).rejects.toThrow(
      'budget_windows_cap_check',
    );
    await holdRun(db, place, 60n, { requestedAt: later(34) });
    await settleRun(db, early, 10n);
    expect(await windows(budget.id)).toEqual([
      { startsAt: midnight, endsAt: later(24), held: 0, settled: 10, zone: 'UTC' },
      { startsAt: later(24), endsAt: later(34), held: 60, settled: 0, zone: 'Pacific/Kiritimati' },
      { startsAt: later(34), endsAt: later(58), held: 60, settled: 0, zone: 'Pacific/Kiritimati' },
    ]);
    expect(await database.query(booksSql)).toEqual([]);
    const [[, standing] = []] = await readStandings(db, [budget.id]);
    const day = midnight.toISOString().slice(0, 10);
    expect(standing).toMatchObject({ startsOn: day, endsOn: day, startsAt: midnight, endsAt: later(24) });
  });

  it('also where nothing was held in the open period yet', async () => {
    const { id: projectId } = await db.project.create({ data: { name: 'Zones' } });
    const { id: characterId } = await db.character.create({ data: { projectId, name: 'Mara' } });
    const budget = await createBudget(asAdmin(), {
      projectId: toGlobalId('Project', projectId),
      scope: 'PROJECT',
      period: 'DAY',
      cap: 100n,
    });
    await move(projectId, 'America/Los_Angeles');
    await holdRun(db, { projectId, characterId }, 1n, { requestedAt: later(24) });
    const [open, next] = await windows(budget.id);
    expect(open).toMatchObject({ startsAt: midnight, endsAt: later(24), held: 0 });
    expect(next).toMatchObject({ startsAt: later(24), held: 1 });
    // Seven or eight hours behind.
    expect([later(31), later(32)]).toContainEqual(next?.endsAt);
  });
});
