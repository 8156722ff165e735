import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { recordEvent } from '../../../src/features/access/record-event.ts';
import { changedProjects } from '../../../src/features/project-events/changed-projects.ts';
import { createLogger } from '../../../src/logger.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { openPool } from '../../../src/platform/db/connections/open.ts';
import { type EventFeed, startEventFeed } from '../../../src/platform/events/event-feed.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { holdRun } from '../../support/runs.ts';

let database: TestDatabase;
/** Of the process that writes, and of another. */
let own: EventFeed;
let other: EventFeed;
let db: Database;
/** Hears every hint that is sent. */
let listener: pg.Client;
const heard: pg.Notification[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  const log = createLogger('silent');
  [own, other] = await Promise.all([
    startEventFeed(database.url, log, { changed: changedProjects }),
    startEventFeed(database.url, log, { changed: changedProjects }),
  ]);
  db = connectDatabase(database.url, { onNews: own.announce });
  listener = new pg.Client({ connectionString: database.url });
  await listener.connect();
  listener.on('notification', (notification) => heard.push(notification));
  await listener.query('LISTEN dramatis_project_events');
});
afterAll(async () => {
  await listener.end();
  await Promise.all([own.close(), other.close(), db.$disconnect()]);
  await database.drop();
});

/** A project, and how often each process was woken for it; the first time is when the following began. */
async function follow() {
  const { id: projectId } = await db.project.create({ data: { name: 'Hints' } });
  const woken = { own: 0, other: 0, patient: 0 };
  const stopping = new AbortController();
  const note = (whose: keyof typeof woken) => async () => {
    woken[whose] += 1;
    return false;
  };
  const ended = [
    own.follow(projectId, note('own'), stopping.signal),
    other.follow(projectId, note('other'), stopping.signal),
    // Has no news, so it looks by itself every two seconds.
    own.follow(randomUUID(), note('patient'), stopping.signal),
  ];
  await eventually('both', () => woken.own === 1 && woken.other === 1);
  return {
    projectId,
    woken,
    stop: async () => {
      stopping.abort();
      await Promise.all(ended);
    },
  };
}
const record = (projectId: string) =>
  db.$transaction((tx) => recordEvent(tx, { projectId, kind: 'PROJECT_ARCHIVED' }));

it('news of a transaction are told when it has committed and not before, here and in other processes', async () => {
  const { projectId, woken, stop } = await follow();
  const another = await follow();
  await db.$transaction(async (tx) => {
    await recordEvent(tx, { projectId, kind: 'PROJECT_ARCHIVED' });
    // News of another project, which are written later and commit at once, are told meanwhile.
    await expectHints(another.woken, () => record(another.projectId));
    // Each look that comes by itself comes to the patient follower as well.
    const looks = () => woken.own <= woken.patient && woken.other <= woken.patient;
    await eventually('none to be woken more often than by looks', looks, 3_000);
  });
  await expectHints(woken, () => record(projectId));
  await Promise.all([stop(), another.stop()]);
});

/** Each piece of news wakes both processes: not the looks that follow by themselves. */
async function expectHints(
  woken: Awaited<ReturnType<typeof follow>>['woken'],
  write: () => Promise<unknown>,
): Promise<void> {
  for (let news = 0; news < 10; news += 1) {
    const before = { ...woken };
    await write();
    await eventually('both', () => woken.own > before.own && woken.other > before.other);
  }
  expect(woken.patient * 2).toBeLessThan(Math.min(woken.own, woken.other));
}

it('the hint is sent by a connection that writes nothing, whichever code has written the event', async () => {
  const { projectId, woken, stop } = await follow();
  heard.length = 0;
  const { id: characterId } = await db.character.create({ data: { projectId, name: 'Mara' } });
  await db.budget.create({
    data: { projectId, scope: 'PROJECT', period: 'TOTAL', capMicros: 100n, thresholds: [50] },
  });
  expect(heard).toEqual([]);
  // The event of a budget's alert is written by a trigger.
  await holdRun(db, { projectId, characterId }, 60n);
  await eventually('the other process', () => woken.other > 1);
  await eventually('the hint', () => heard.length > 0);
  const writers = await database.query(
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dramatis'",
  );
  for (const { processId, payload } of heard) {
    expect(payload).toBe(projectId);
    expect(writers.map(({ pid }) => pid)).not.toContain(processId);
  }
  await stop();
});

it('many transactions share a hint', async () => {
  const { projectId, woken, stop } = await follow();
  heard.length = 0;
  for (let count = 0; count < 100; count += 1) await record(projectId);
  await eventually('the hints', () => heard.length > 0);
  expect(heard.length).toBeLessThan(90);
  const [row] = await database.query('SELECT last_sequence::int AS count FROM projects WHERE id = $1', [
    projectId,
  ]);
  expect(row).toEqual({ count: 100 });
  expect(woken.other).toBeGreaterThan(1);
  await stop();
});

it('who does not send hints has them sent by Postgres: an older process, a tool', async () => {
  const { projectId, woken, stop } = await follow();
  await expectHints(woken, () =>
    database.query('SELECT record_project_event($1, $2, NULL, NULL, NULL, NULL, NULL)', [
      projectId,
      'PROJECT_ARCHIVED',
    ]),
  );
  await stop();
});

it('a project that is gone has no news, and nothing is told', async () => {
  const gone = randomUUID();
  await record(gone);
  const { projectId, stop } = await follow();
  await record(projectId);
  // Hints of other projects may still be on their way.
  const told = () => heard.map(({ payload }) => payload);
  await eventually('the next hint', () => told().includes(projectId));
  expect(told()).not.toContain(gone);
  await stop();
});

it('news of a saturated pool are told at once: each statement that waits for its connection comes later', async () => {
  const { id } = await db.project.create({ data: { name: 'Saturated' } });
  const told: string[] = [];
  const busy = connectDatabase(database.url, { onNews: (each) => told.push(each), maxConnections: 1 });
  await busy.$queryRaw`SELECT 1 AS one`;
  const toldBy: number[] = [];
  const written = busy.$queryRaw`
    SELECT record_project_event(${id}::uuid, 'PROJECT_ARCHIVED', NULL, NULL, NULL, NULL, NULL)::text`.then(
    () => undefined,
  );
  const waiting = Array.from({ length: 5 }, () =>
    busy.$queryRaw`SELECT pg_sleep(0.1)::text`.then(() => toldBy.push(told.length)),
  );
  await written;
  await Promise.all(waiting);
  expect([told, toldBy]).toEqual([[id], [1, 1, 1, 1, 1]]);
  await busy.$disconnect();
});

it('news of a connection that ends are told', async () => {
  const { id } = await db.project.create({ data: { name: 'Ended' } });
  const told: string[] = [];
  const pool = openPool(database.url, 'requests', { onNews: (each) => told.push(each) });
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query(
    `SELECT record_project_event('${id}', 'PROJECT_ARCHIVED', NULL, NULL, NULL, NULL, NULL)`,
  );
  expect(told).toEqual([]);
  client.release(new Error('broken'));
  await eventually('the news', () => told.length === 1);
  await pool.end();
});
