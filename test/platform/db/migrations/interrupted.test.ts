import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, empty, type TestDatabase } from '../../../support/database.ts';
import { eventually } from '../../../support/eventually.ts';
import { type Start, startServer } from '../../../support/starts.ts';
import { books, makeVersion01 } from '../../../support/version-0-1.ts';

const money = '20261121104655_money';

let parent: string;
let template: TestDatabase;
let expected: Record<string, unknown>;
let database: TestDatabase;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'dramatis-interrupted-'));
  template = await createTestDatabase(empty);
  await makeVersion01(template.query, 300);
  const undisturbed = await createTestDatabase(template.name);
  await end(start(undisturbed));
  expected = await books(undisturbed.query);
  await undisturbed.drop();
});
afterAll(async () => {
  await template.drop();
  await rm(parent, { recursive: true, force: true });
});
beforeEach(async () => {
  database = await createTestDatabase(template.name);
});

/** No worker: the books are to be those that the migrations wrote. */
const start = ({ url }: TestDatabase): Start =>
  startServer({ DATABASE_URL: url, DATA_DIR: join(parent, 'data'), ROLE: 'api' });

async function end(server: Start): Promise<void> {
  await server.listening;
  server.interrupt({ signal: 'SIGTERM', isForGroup: false });
  expect(await server.exited).toBe(0);
}

/** Keeps the table of runs in use, so that the script that changes it waits. */
async function useRuns(): Promise<() => Promise<void>> {
  const user = new pg.Client({ connectionString: database.url });
  user.on('error', () => undefined);
  await user.connect();
  await user.query('BEGIN');
  await user.query('LOCK TABLE generations IN ACCESS SHARE MODE');
  return () => user.end();
}

const waitingScripts = () =>
  database.query(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dramatis-start'
     AND state = 'active' AND wait_event_type = 'Lock'`,
  );
const scriptWaits = () => eventually('a script to wait', async () => (await waitingScripts())[0]);
const applied = async () =>
  (await database.query('SELECT migration_name AS name FROM _prisma_migrations ORDER BY started_at')).map(
    ({ name }) => name,
  );

it('killed while a script runs: the next start repeats it', async () => {
  const stopUsing = await useRuns();
  const first = start(database);
  await scriptWaits();
  first.interrupt({ signal: 'SIGKILL', isForGroup: true });
  await first.exited;
  // The database has not noticed: it still runs the script, and the next start waits for that.
  expect(await waitingScripts()).toHaveLength(1);
  const next = start(database);
  await stopUsing();
  await end(next);
  expect(await books(database.query)).toEqual(expected);
  await database.drop();
});

it('killed right after a script was committed: the next start goes on after it', async () => {
  const first = start(database);
  await eventually('the migration to be committed', async () => (await applied()).includes(money));
  first.interrupt({ signal: 'SIGKILL', isForGroup: false });
  await first.exited;
  await end(start(database));
  const names = await applied();
  expect(names).toEqual([...new Set(names)]);
  expect(await books(database.query)).toEqual(expected);
  await database.drop();
});

it('asked to stop while a script runs: it is rolled back at once, and the process ends well', async () => {
  const stopUsing = await useRuns();
  const first = start(database);
  await scriptWaits();
  const askedAt = performance.now();
  first.interrupt({ signal: 'SIGINT', isForGroup: true });
  expect([await first.exited, first.said()]).toEqual([0, '']);
  // The script itself would have waited for five seconds.
  expect(performance.now() - askedAt).toBeLessThan(4_000);
  expect(await waitingScripts()).toEqual([]);
  expect(await applied()).not.toContain(money);
  await stopUsing();
  await end(start(database));
  expect(await books(database.query)).toEqual(expected);
  await database.drop();
});

it('says what it waits for: a table in use, and another process that migrates', async () => {
  const stopUsing = await useRuns();
  const first = start(database);
  await scriptWaits();
  const second = start(database);
  await eventually('the second process to say that it waits', () =>
    second.log.find(({ msg }) => msg === 'waiting for another process to finish migrating'),
  );
  await eventually('the first one to say that it goes on', () =>
    first.log.find(
      ({ msg, migration }) => migration === money && /^still applying migration 2 of \d+$/.test(String(msg)),
    ),
  );
  await eventually('the first one to let others have the table', () =>
    first.log.find(({ msg }) =>
      /^migration 2 of \d+ found a table in use and tries again$/.test(String(msg)),
    ),
  );
  await stopUsing();
  await Promise.all([end(first), end(second)]);
  const told = ({ log }: Start) =>
    log.flatMap(({ msg, migration }) => (/^applied/.test(String(msg)) ? [migration] : []));
  expect([told(first), told(second)]).toEqual([(await applied()).slice(1), []]);
  expect(await books(database.query)).toEqual(expected);
  await database.drop();
});

it('loses its database in the middle: it ends with one sentence, and the next start goes on', async () => {
  const stopUsing = await useRuns();
  const first = start(database);
  const { pid } = await scriptWaits();
  await database.query('SELECT pg_terminate_backend($1)', [pid]);
  expect(await first.exited).toBe(1);
  expect(first.said()).toMatch(
    /^Dramatis cannot start: migration \d+_money was interrupted \(.+\): it was applied completely or not at all, and the next start continues\n$/,
  );
  await stopUsing();
  await end(start(database));
  expect(await books(database.query)).toEqual(expected);
  await database.drop();
});
