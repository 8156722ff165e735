import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findObserved } from '../../../../src/features/prices/price-book.ts';
import { removeWhatIsPast } from '../../../../src/features/retention/tasks/remove-regularly.ts';
import { createLogger } from '../../../../src/logger.ts';
import { connectDatabase, type Database } from '../../../../src/platform/db/connect.ts';
import { readConfig } from '../../../../src/settings/config.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { delay } from '../../../support/delay.ts';
import { holdRun, newPlace, type RunPlace, settleRun } from '../../../support/runs.ts';

let database: TestDatabase;
let db: Database;
let place: RunPlace;
let logged: Record<string, unknown>[];
beforeEach(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url, { maxConnections: 4 });
  place = await newPlace(db);
  logged = [];
});
afterEach(async () => {
  await db.$disconnect();
  await database.drop();
});

const never = new AbortController().signal;
const log = () => createLogger('info', { write: (line) => void logged.push(JSON.parse(line)) });
/** Whatever a test does not speak of stays for ever. */
const forEver = {
  EVENTS_KEPT_DAYS: '0',
  IDEMPOTENCY_KEYS_KEPT_DAYS: '0',
  PRICE_OBSERVATIONS_KEPT_DAYS: '0',
  BALANCES_KEPT_DAYS: '0',
  INVITATIONS_KEPT_DAYS: '0',
  ENDED_KEYS_KEPT_DAYS: '0',
  USERS_KEPT_DAYS: '0',
};
const remove = (settings: Partial<typeof forEver>, signal = never) =>
  removeWhatIsPast({ db, config: readConfig({ ...forEver, ...settings }), log: log() }, signal);
const ask = async (text: string, ...values: unknown[]) => database.query(text, values);
const count = async (from: string) => Number((await ask(`SELECT count(*)::int AS n FROM ${from}`))[0]?.n);

/** Writes events, the oldest as old as `days`, each a minute younger than the one before. */
async function writeEvents(projectId: string, number: number, days: number): Promise<void> {
  await ask(
    `INSERT INTO project_events (project_id, sequence, kind, at)
     SELECT $1, p.last_sequence + n, 'CHARACTER_UPDATED', now() - $3 * interval '1 day' + n * interval '1 minute'
     FROM projects p, generate_series(1, $2) n WHERE p.id = $1`,
    projectId,
    number,
    days,
  );
  await ask('UPDATE projects SET last_sequence = last_sequence + $2 WHERE id = $1', projectId, number);
}

describe('events', () => {
  it('go after their time, the oldest first, and without a gap', async () => {
    const { projectId } = place;
    const other = await newPlace(db);
    await writeEvents(projectId, 30, 20);
    await writeEvents(projectId, 5, 1);
    // Its transaction began long before it got its number.
    await ask(
      "UPDATE project_events SET at = now() - $2 * interval '1 day' WHERE project_id = $1 AND sequence = 33",
      projectId,
      20,
    );
    await writeEvents(other.projectId, 3, 1);
    await remove({ EVENTS_KEPT_DAYS: '10' });
    const left = await ask(
      'SELECT sequence::int AS n FROM project_events WHERE project_id = $1 ORDER BY 1',
      projectId,
    );
    expect(left.map(({ n }) => n)).toEqual([31, 32, 33, 34, 35]);
    expect(await count(`project_events WHERE project_id = '${other.projectId}'`)).toBe(3);
    expect(logged.map(({ removed, msg }) => [removed, msg])).toEqual([
      [{ events: 30 }, 'what was past its time was removed'],
    ]);
  });

  it('stay for ever where that is set, and nothing is said then', async () => {
    await writeEvents(place.projectId, 10, 3_000);
    await remove({ EVENTS_KEPT_DAYS: '0' });
    expect(await count('project_events')).toBe(10);
    expect(logged).toEqual([]);
  });

  it('of many projects go as well', async () => {
    await ask(
      "INSERT INTO projects (id, name, last_sequence) SELECT gen_random_uuid(), 'Many', 1 FROM generate_series(1, 250)",
    );
    await ask(
      "INSERT INTO project_events (project_id, sequence, kind, at) SELECT id, 1, 'PROJECT_UPDATED', now() - interval '99 days' FROM projects WHERE name = 'Many'",
    );
    await remove({ EVENTS_KEPT_DAYS: '10' });
    expect(await count('project_events')).toBe(0);
  });

  it('a hundred thousand of one project go in batches while others write there, and by two processes at once', async () => {
    const { projectId } = place;
    await writeEvents(projectId, 100_000, 400);
    await ask('ANALYZE project_events');
    const writing = new AbortController();
    let writes = 0;
    const writer = (async () => {
      while (!writing.signal.aborted) {
        await ask(
          "SELECT record_project_event($1, 'CHARACTER_UPDATED', NULL, NULL, NULL, NULL, NULL)",
          projectId,
        );
        writes += 1;
        await delay(5);
      }
    })();
    let largest = 0;
    let before = 100_000;
    const watcher = (async () => {
      while (!writing.signal.aborted) {
        const now = await count("project_events WHERE at < now() - interval '10 days'");
        largest = Math.max(largest, before - now);
        before = now;
      }
    })();
    await Promise.all([remove({ EVENTS_KEPT_DAYS: '10' }), remove({ EVENTS_KEPT_DAYS: '10' })]);
    // A task that found the other one at work has ended without removing the rest.
    await remove({ EVENTS_KEPT_DAYS: '10' });
    writing.abort();
    await Promise.all([writer, watcher]);
    expect(await count("project_events WHERE at < now() - interval '10 days'")).toBe(0);
    const [{ first, last, number, newest } = {}] = await ask(
      `SELECT min(sequence)::int AS first, max(sequence)::int AS last, count(*)::int AS number,
         (SELECT last_sequence::int FROM projects WHERE id = $1) AS newest FROM project_events WHERE project_id = $1`,
      projectId,
    );
    expect([first, last, number]).toEqual([100_001, newest, writes]);
    // A removal that held the project would have let one through, or two.
    expect(writes).toBeGreaterThan(10);
    const removed = logged.map((line) => (line.removed as { events: number }).events);
    expect(removed.reduce((sum, each) => sum + each, 0)).toBe(100_000);
    expect(largest).toBeLessThan(50_000);
  });

  it('do not wait for a transaction that has locked the project, and do not lock it', async () => {
    await writeEvents(place.projectId, 5, 20);
    const holder = connectDatabase(database.url, { maxConnections: 1 });
    await holder.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1::text FROM projects WHERE id = ${place.projectId}::uuid FOR UPDATE`;
      await remove({ EVENTS_KEPT_DAYS: '10' });
    });
    await holder.$disconnect();
    expect(await count('project_events')).toBe(0);
  });

  it('a removal that is cut short is taken up again, and says what it did', async () => {
    await writeEvents(place.projectId, 5_000, 400);
    const stop = new AbortController();
    const removing = remove({ EVENTS_KEPT_DAYS: '10' }, stop.signal);
    // Asked without a pause: it takes a moment only.
    while ((await count('project_events')) === 5_000);
    stop.abort();
    await removing;
    const left = await count('project_events');
    expect(left).toBeGreaterThan(0);
    expect(logged.map(({ removed }) => removed)).toEqual([{ events: 5_000 - left }]);
    await remove({ EVENTS_KEPT_DAYS: '10' });
    expect(await count('project_events')).toBe(0);
  });
});

describe('idempotency keys', () => {
  it('come off ended runs after their time, and off no others', async () => {
    const days = (n: number) => new Date(Date.now() - n * 86_400_000);
    const make = async (key: string, age: number, isEnded: boolean) => {
      const id = await holdRun(db, place, 10n, { requestedAt: days(age) });
      await db.generation.update({ where: { id }, data: { idempotencyKey: key } });
      if (isEnded) await settleRun(db, id, 10n);
      return id;
    };
    const old = await make('old', 20, true);
    await make('young', 5, true);
    const waiting = await make('waiting', 20, false);
    const doubted = await make('doubted', 20, false);
    await ask("UPDATE generations SET status = 'UNCERTAIN' WHERE id = $1::uuid", doubted);
    await ask(
      `INSERT INTO answered_keys (project_id, idempotency_key, request_hash, generation_id, created_at)
       SELECT $1, key, repeat('0', 64), run::uuid, now() - age * interval '1 day'
       FROM (VALUES ('old reuse', $2, 20), ('young reuse', $2, 5), ('waiting reuse', $3, 20), ('doubted reuse', $4, 30)) v(key, run, age)`,
      place.projectId,
      old,
      waiting,
      doubted,
    );
    await remove({ IDEMPOTENCY_KEYS_KEPT_DAYS: '10' });
    const keys = await ask(
      'SELECT idempotency_key AS key FROM generations WHERE idempotency_key IS NOT NULL UNION SELECT idempotency_key FROM answered_keys ORDER BY 1',
    );
    // A key that leads to a run that has not ended would become a second paid run.
    const open = ['doubted', 'doubted reuse', 'waiting', 'waiting reuse'];
    expect(keys.map(({ key }) => key)).toEqual([...open, 'young', 'young reuse']);
    expect(await count('generations')).toBe(4);
    expect(logged.map(({ removed }) => removed)).toEqual([{ idempotencyKeys: 2 }]);
  });
});

describe('observations', () => {
  const observe = (shape: string, number: number, days: number) =>
    ask(
      `INSERT INTO price_observations (model, shape, outputs, cost_micros, seconds, source, at)
       SELECT 'm', $1, 1, 1000 + n, n, 'PROVIDER', now() - $3 * interval '1 day' FROM generate_series(1, $2) n`,
      shape,
      number,
      days,
    );

  it('of prices go when the price book reads them no more: what it says stays the same', async () => {
    for (const [number, days] of [
      [30, 200],
      [2_500, 80],
      [180, 3],
    ] as const)
      await observe('{"outputs":1}', number, days);
    for (const [number, days] of [
      [5, 200],
      [3, 2],
    ] as const)
      await observe('{"outputs":2}', number, days);
    const said = async (days: string) => {
      const config = readConfig({ PRICE_OBSERVATIONS_KEPT_DAYS: days });
      return Promise.all(
        ['{"outputs":1}', '{"outputs":2}'].map((shape) => findObserved({ db, config }, 'm', shape)),
      );
    };
    const before = await said('90');
    // Those that are kept for ever are not believed for ever.
    await remove({});
    expect(await count('price_observations')).toBe(2_718);
    expect(await said('0')).toEqual(before);
    await remove({ PRICE_OBSERVATIONS_KEPT_DAYS: '90' });
    expect(await said('90')).toEqual(before);
    expect(before[0]).toMatchObject({ costs: 200, least: 1_001n });
    expect(await count('price_observations')).toBe(203);
    expect(logged.map(({ removed }) => removed)).toEqual([{ prices: 2_515 }]);
    const short = await said('10');
    expect(short[0]).toMatchObject({ costs: 180 });
    await remove({ PRICE_OBSERVATIONS_KEPT_DAYS: '10' });
    expect(await count('price_observations')).toBe(183);
    expect(await said('10')).toEqual(short);
  });

  it('of balances go after their time, but for the newest of each account', async () => {
    await ask(
      `INSERT INTO balance_observations (provider_account, at, balance_micros, spent_micros, open_runs, held_micros, is_quiet)
       SELECT account, now() - n * interval '1 hour', 1, 1, 0, 0, true
       FROM (VALUES ('busy', 3000), ('calm', 100)) v(account, most), generate_series(1, most) n`,
    );
    await ask(
      "UPDATE balance_observations SET at = at - interval '400 days' WHERE provider_account = 'calm'",
    );
    await remove({ BALANCES_KEPT_DAYS: '30' });
    const left = await ask(
      'SELECT provider_account AS account, count(*)::int AS n, max(now() - at) > interval \'100 days\' AS "isOld" FROM balance_observations GROUP BY 1 ORDER BY 1',
    );
    expect(left).toEqual([
      { account: 'busy', n: 2_500, isOld: true },
      { account: 'calm', n: 100, isOld: true },
    ]);
    await ask('DELETE FROM balance_observations');
  });
});

describe('people', () => {
  const invite = (email: string, state: string) =>
    ask(
      `INSERT INTO invitations (id, project_id, email, role, token_hash, expires_at, accepted_at, withdrawn_at)
       SELECT gen_random_uuid(), $1, $2, 'VIEWER', md5($2) || md5($2), ${state}`,
      place.projectId,
      email,
    );

  it('invitations that cannot be accepted any more lose their address, and are removed after their time', async () => {
    await invite('open@example.test', "now() + interval '1 day', NULL, NULL");
    await invite('expired@example.test', "now() - interval '1 second', NULL, NULL");
    await invite('expired-too@example.test', "now() - interval '2 seconds', NULL, NULL");
    await invite('accepted@example.test', "now() + interval '1 day', now(), NULL");
    await invite('withdrawn@example.test', "now() + interval '1 day', NULL, now()");
    await invite('old@example.test', "now() - interval '40 days', NULL, NULL");
    await invite('old-accepted@example.test', "now() - interval '40 days', now() - interval '45 days', NULL");
    await remove({ INVITATIONS_KEPT_DAYS: '30' });
    const left = await ask('SELECT email FROM invitations ORDER BY 1 NULLS LAST');
    expect(left.map(({ email }) => email)).toEqual(['open@example.test', null, null, null, null]);
    expect(logged.map(({ removed }) => removed)).toEqual([{ addresses: 6, invitations: 2 }]);
  });

  it('keys that have ended go after their time; those that have not stay', async () => {
    const key = (name: string, ends: string) =>
      ask(
        `INSERT INTO api_keys (id, project_id, name, role, prefix, secret_hash, expires_at, revoked_at)
         SELECT gen_random_uuid(), $1, $2, 'VIEWER', 'x', md5($2) || md5($2), ${ends}`,
        place.projectId,
        name,
      );
    await key('live', 'NULL, NULL');
    await key('live until', "now() + interval '1 day', NULL");
    await key('revoked of late', "NULL, now() - interval '2 days'");
    await key('expired', "now() - interval '40 days', NULL");
    await key('revoked', "now() + interval '1 day', now() - interval '40 days'");
    await remove({ ENDED_KEYS_KEPT_DAYS: '30' });
    const left = await ask('SELECT name FROM api_keys ORDER BY 1');
    expect(left.map(({ name }) => name)).toEqual(['live', 'live until', 'revoked of late']);
  });

  it('users who are in no project and do not come are forgotten; their id stays', async () => {
    const user = (subject: string, days: number) =>
      db.user.create({
        data: {
          issuer: 'i',
          subject,
          email: `${subject}@example.test`,
          name: subject,
          seenAt: new Date(Date.now() - days * 86_400_000),
        },
      });
    const [absent, , member] = [await user('absent', 40), await user('recent', 2), await user('member', 40)];
    await db.member.create({ data: { projectId: place.projectId, userId: member.id, role: 'OWNER' } });
    await remove({ USERS_KEPT_DAYS: '30' });
    const left = await ask('SELECT subject, email, name FROM users ORDER BY 1 NULLS LAST');
    expect(left.map(({ subject }) => subject)).toEqual(['member', 'recent', null]);
    expect(await db.user.findUnique({ where: { id: absent.id } })).toMatchObject({ email: null, name: null });
    expect(await ask('SELECT action, target_id AS id, actor_kind AS kind FROM audit_entries')).toEqual([
      { action: 'USER_FORGOTTEN', id: absent.id, kind: 'ADMIN' },
    ]);
  });
});
