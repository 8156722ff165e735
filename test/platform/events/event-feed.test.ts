import { afterEach, beforeEach, expect, it } from '@jest/globals';
import pg from 'pg';
import { changedProjects } from '../../../src/features/project-events/changed-projects.ts';
import { createLogger } from '../../../src/logger.ts';
import { type EventFeed, startEventFeed } from '../../../src/platform/events/event-feed.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { delay } from '../../support/delay.ts';
import { eventually } from '../../support/eventually.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';

const projectId: string = '018f0000-0000-7000-8000-000000000000';
const otherId = '018f0000-0000-7000-8000-000000000001';
let database: TestDatabase;
let feed: EventFeed;
beforeEach(async () => {
  database = await createTestDatabase();
  await database.query("INSERT INTO projects (id, name) SELECT unnest($1::uuid[]), 'Followed'", [
    [projectId, otherId],
  ]);
  feed = await startEventFeed(database.url, createLogger('silent'), { changed: changedProjects });
});
afterEach(async () => {
  await feed.close();
  await database.drop();
});

/** Follows a counter: each read sees what it has become. */
function follow(counter: { value: number }, signal = new AbortController().signal, followed = projectId) {
  let reads = 0;
  const seen: number[] = [];
  const ended = feed.follow(
    followed,
    async () => {
      reads += 1;
      if (counter.value > (seen.at(-1) ?? -1)) seen.push(counter.value);
      return counter.value >= 100;
    },
    signal,
  );
  return {
    seen,
    ended,
    get reads() {
      return reads;
    },
  };
}
const notify = () => database.query("SELECT pg_notify('dramatis_project_events', $1)", [projectId]);
/** An event whose hint is lost: only the project's number shows it. */
const changeSilently = () =>
  database.query('UPDATE projects SET last_sequence = last_sequence + 1 WHERE id = $1', [projectId]);
const connections = async () =>
  Number(
    (
      await database.query(
        "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dramatis-events'",
      )
    )[0]?.count,
  );

it('reads at once, after each hint, and by itself when a hint is lost; ends when the reader is done', async () => {
  const counter = { value: 0 };
  const following = follow(counter);
  const { seen, ended } = following;
  await eventually('the first', () => seen.length === 1);
  counter.value = 1;
  await notify();
  await eventually('the second', () => seen.length === 2);
  counter.value = 2;
  await changeSilently();
  await eventually('the third, without a hint', () => seen.length === 3);
  counter.value = 100;
  await notify();
  await ended;
  expect(seen).toEqual([0, 1, 2, 100]);
});

it('a project without news is not read again, while others are, and a project that is gone is read', async () => {
  const busy = follow({ value: 0 });
  const quiet = follow({ value: 0 }, undefined, otherId);
  // The first look does not know yet what the first reads have found.
  await eventually('the first look', () => busy.reads === 2 && quiet.reads === 2);
  for (let round = 0; round < 2; round += 1) {
    const { reads } = busy;
    await changeSilently();
    await eventually('the read', () => busy.reads > reads);
  }
  expect(quiet.reads).toBe(2);
  await database.query('DELETE FROM projects WHERE id = $1', [otherId]);
  await eventually('the read of what is gone', () => quiet.reads === 3);
});

it('readers read by themselves as long as the connection is lost', async () => {
  const name = new URL(database.url).pathname.slice(1);
  const admin = new pg.Client({ connectionString: database.url.replace(/\/[^/]+$/, '/postgres') });
  await admin.connect();
  try {
    const counter = { value: 0 };
    const following = follow(counter);
    await eventually('the first look', () => following.reads === 2);
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    counter.value = 1;
    await eventually('the read', () => following.seen.length === 2);
  } finally {
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await admin.end();
  }
});

it('readers read by themselves while a look waits for its answer', async () => {
  await feed.close();
  feed = await startEventFeed(database.url, createLogger('silent'), {
    changed: changedProjects,
    timeoutMs: 60_000,
  });
  const following = follow({ value: 0 });
  await eventually('the first look', () => following.reads === 2);
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  const waiting = () =>
    database.query(
      "SELECT query_start FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
  try {
    await holder.query('BEGIN; LOCK TABLE projects IN ACCESS EXCLUSIVE MODE');
    const look = await eventually('the look', async () => (await waiting())[0]);
    await eventually('the read', () => following.reads > 2);
    expect(await waiting()).toEqual([look]);
  } finally {
    await holder.end();
  }
});

it('a few readers read at a time, however many are woken', async () => {
  let [running, most] = [0, 0];
  const read = async () => {
    running += 1;
    most = Math.max(most, running);
    await delay(5);
    running -= 1;
    return true;
  };
  const signal = new AbortController().signal;
  await Promise.all(Array.from({ length: 100 }, (_, index) => feed.follow(`project ${index}`, read, signal)));
  expect(most).toBe(10);
});

it('ends with its signal, and with the feed', async () => {
  const stopping = new AbortController();
  const one = follow({ value: 0 }, stopping.signal);
  const two = follow({ value: 0 });
  await eventually('both', () => one.seen.length + two.seen.length === 2);
  stopping.abort();
  await one.ended;
  await feed.close();
  await two.ended;
});

it('a database that refuses connections for a while: one connection afterwards, and hints arrive again', async () => {
  const admin = new pg.Client({ connectionString: database.url.replace(/\/[^/]+$/, '/postgres') });
  await admin.connect();
  const name = new URL(database.url).pathname.slice(1);
  try {
    for (let round = 0; round < 3; round += 1) {
      await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
      await admin.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'dramatis-events'",
        [name],
      );
      // So long that more than one try fails.
      await delay(1_300);
      await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
      await eventually('the connection', async () => (await connections()) > 0);
    }
  } finally {
    await admin.end();
  }
  // Ten hints are not all lost: looks find nothing, because the number of the project stays.
  const counter = { value: 0 };
  const hinted = follow(counter);
  const patient = follow(counter, undefined, otherId);
  // The new connection may not listen yet.
  await eventually('the first hint', async () => {
    await notify();
    return hinted.reads > 1;
  });
  for (counter.value = 1; counter.value <= 10; counter.value += 1) {
    await notify();
    await eventually('the read', () => hinted.seen.at(-1) === counter.value);
  }
  expect(patient.reads * 2).toBeLessThan(hinted.reads);
  // A second connection would outlast the feed that knows one.
  expect(await connections()).toBe(1);
  await feed.close();
  await eventually('the connection to end', async () => (await connections()) === 0);
});

it('a feed that is closed while it connects anew leaves no connection', async () => {
  let made = 0;
  let closed: Promise<void> | undefined;
  const url = new URL(database.url);
  const proxy = await startTcpProxy(Number(url.port), () => {
    made += 1;
    if (made === 2) closed = own.close();
    return () => undefined;
  });
  url.port = String(proxy.port);
  const own = await startEventFeed(url.href, createLogger('silent'), { changed: changedProjects });
  expect([await connections(), proxy.open]).toEqual([2, 1]);
  proxy.cut();
  await eventually('the next connection', () => made === 2);
  await closed;
  await eventually('it to be given up', () => proxy.open === 0);
  await eventually('the database to notice', async () => (await connections()) === 1);
  await proxy.close();
});
