import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { booksSql } from '../../src/features/reconciliation/books.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { note, notesFolder, readNotes } from '../support/noted.ts';
import { mutate } from '../support/people.ts';
import { type RoundTrips, readRoundTrips } from '../support/round-trips.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

/*
 * What processes note of their submits outside of the database, and what follows when the database does not know it.
 */
const admin = { key: 'test_admin_key_0123456789' };
let dramatis: Dramatis;
let running: ServerProcess;
let projectId: string;
let characterId: string;
let folder: string;
/** What the server asked its database, by connection. */
const connections: RoundTrips[] = [];
beforeAll(async () => {
  dramatis = await Dramatis.start({ servers: 0 });
  const url = new URL(dramatis.database.url);
  const proxy = await startTcpProxy(Number(url.port), () => {
    const trips: RoundTrips = [];
    connections.push(trips);
    return readRoundTrips(trips);
  });
  dramatis.onStop(() => proxy.close());
  url.port = String(proxy.port);
  dramatis.environment.DATABASE_URL = url.href;
  await start();
});
afterAll(() => dramatis.stop());
beforeEach(async () => {
  dramatis.simulator.onRequest = undefined;
  ({ projectId, characterId } = await dramatis.cast());
});

async function start(): Promise<void> {
  running = await startServerProcess(dramatis);
  dramatis.url = running.url;
  folder = await notesFolder(dramatis.environment.DATA_DIR, dramatis.database.query);
}

/** Asks about the runs of the test's own project. */
const ask = (columns: string, where = 'true') =>
  dramatis.database.query(
    `SELECT ${columns} FROM generations WHERE project_id = (SELECT max(id::text)::uuid FROM projects) AND ${where} ORDER BY id`,
  );
const statuses = async () =>
  Object.fromEntries((await ask('prompt, status')).map(({ prompt, status }) => [prompt, status]));
const all = async (...among: string[]) =>
  Object.values(await statuses()).every((each) => among.includes(String(each)));
const idOf = async (prompt: string) => String((await ask('id', `prompt = '${prompt}'`))[0]?.id);
const limit = (maxConcurrentGenerations: number) =>
  mutate(
    dramatis,
    admin,
    'updateProjectLimits',
    { id: projectId, maxConcurrentGenerations },
    'project { id }',
  );
const queue = async (...prompts: string[]) => {
  await limit(0);
  for (const prompt of prompts) await dramatis.generate(characterId, prompt);
};
const isSubmit = ({ method, path }: { method: string; path: string }) =>
  method === 'POST' && /^\/v[12]\/[a-z]/.test(path);
/** The jobs that the provider took for runs of such a prompt. */
const taken = (prompt: string) =>
  [...dramatis.simulator.jobs.values()].filter(({ body }) => JSON.stringify(body).includes(prompt));
const said = (words: string) => running.log.filter(({ msg }) => String(msg).includes(words));

it('every submit is noted before it is sent, and dropped once a later one has proved it', async () => {
  let notedWhenSent: string[] = [];
  dramatis.simulator.onRequest = (request) => {
    if (isSubmit(request)) notedWhenSent = readNotes(folder).map(({ generationId }) => generationId);
  };
  for (const prompt of ['first', 'second', 'third']) {
    await dramatis.settle(await dramatis.generate(characterId, prompt));
    expect(notedWhenSent).toContain(await idOf(prompt));
  }
  const third = await idOf('third');
  await eventually('the third to stand for all', () => {
    const noted = readNotes(folder);
    return noted.every(({ generationId, isCommitted }) => isCommitted && generationId === third);
  });
});

it('the proof costs no round trip: begin, move, the project with the proof, the key, commit', async () => {
  await dramatis.settle(await dramatis.generate(characterId, 'counted'));
  const transactions = connections.flatMap((trips) =>
    trips.flatMap((sent, index) =>
      sent.includes('move_generations') && sent.includes('"status":"SUBMITTING"')
        ? [
            trips.slice(
              trips.findLastIndex((each, at) => at < index && each.startsWith('BEGIN')),
              index + 4,
            ),
          ]
        : [],
    ),
  );
  expect(transactions.length).toBeGreaterThan(0);
  for (const [begin, move, proof, key, commit, ...more] of transactions) {
    expect(begin).toContain('BEGIN');
    expect(move).toContain('move_generations');
    expect(proof).toContain('submit_intents');
    expect(key).toContain('provider_keys');
    expect(commit).toContain('COMMIT');
    expect(more).toEqual([]);
  }
});

describe('a submit that another process has noted and the database does not know', () => {
  it('stops every submit: what is unfinished is in doubt, once, and the log says why', async () => {
    await queue('one', 'two');
    note(folder);
    await eventually('the review', async () => (await statuses()).two === 'UNCERTAIN');
    await limit(20);
    const later = await dramatis.generate(characterId, 'later');
    expect(await dramatis.settle(later)).toMatchObject({ status: 'COMPLETED' });
    expect(await statuses()).toEqual({ one: 'UNCERTAIN', two: 'UNCERTAIN', later: 'COMPLETED' });
    expect([...taken('one'), ...taken('two')]).toEqual([]);
    expect(said('not as it was left')).toMatchObject([
      { level: 'warn', reason: 'it is older than what was submitted', count: 2 },
    ]);
    expect(said('has lost a run that was submitted')).toHaveLength(1);
    expect(await dramatis.database.query(booksSql)).toEqual([]);
  });

  it('stops the very next submit', async () => {
    await queue(...Array.from({ length: 10 }, (_, index) => `next ${index}`));
    dramatis.simulator.onRequest = (request) => {
      if (isSubmit(request)) note(folder);
    };
    await limit(1);
    await eventually('all to be settled or in doubt', () => all('UNCERTAIN', 'COMPLETED'));
    expect(taken('next')).toHaveLength(1);
  });

  it('though it is not said to be committed: its own run is in doubt, and no other', async () => {
    await queue('elsewhere', 'here', 'neither');
    const [present] = await ask(
      'DISTINCT extract(epoch FROM pg_postmaster_start_time())::text AS server, 1 AS id',
    );
    note(folder, { generationId: await idOf('elsewhere'), isCommitted: false, server: 'another' });
    // On the present server its process knows that it was not committed.
    note(folder, { generationId: await idOf('here'), isCommitted: false, server: String(present?.server) });
    await limit(20);
    await eventually('all to be settled', () => all('UNCERTAIN', 'COMPLETED'));
    expect(await statuses()).toEqual({ elsewhere: 'UNCERTAIN', here: 'COMPLETED', neither: 'COMPLETED' });
  });
});

it('nothing is submitted while a submit cannot be noted, and all goes on when it can', async () => {
  await rename(folder, `${folder}.away`);
  await writeFile(folder, 'no folder');
  const id = await dramatis.generate(characterId, 'unnoted');
  await eventually('the log to say so', () => said('the intent cannot be noted').length > 0);
  expect(await statuses()).toEqual({ unnoted: 'QUEUED' });
  expect(taken('unnoted')).toEqual([]);
  // Not even an intent was written.
  const statusesTold = await dramatis.database.query(
    "SELECT DISTINCT progress->>'status' AS status FROM project_events WHERE generation_id = $1",
    [await idOf('unnoted')],
  );
  expect(statusesTold).toEqual([{ status: 'QUEUED' }]);
  // Its owner sees it, and so does the operator.
  const waits = async () =>
    (await dramatis.get('query ($id: ID!) { generation(id: $id) { waitingFor { reason } } }', { id }))
      .generation.waitingFor;
  await eventually('the reason', async () => (await waits())?.reason === 'STORAGE');
  // Other runs say the same, and the log does not say it again.
  for (const prompt of ['another', 'and another']) await dramatis.generate(characterId, prompt);
  await eventually('all to say so', async () => (await ask('id', "waiting_for = 'STORAGE'")).length === 3);
  expect(said('the intent cannot be noted')).toHaveLength(1);
  const ready = await fetch(new URL('/readyz', running.url));
  expect([ready.status, await ready.json()]).toEqual([
    503,
    expect.objectContaining({ submits: 'submits cannot be noted: ENOTDIR' }),
  ]);
  await rm(folder);
  await rename(`${folder}.away`, folder);
  expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
  expect(taken('unnoted')).toHaveLength(1);
  await eventually('the others', () => all('COMPLETED'));
  expect(said('intents are noted again')).toHaveLength(1);
  await eventually('it to be ready', async () => (await fetch(new URL('/readyz', running.url))).ok);
});

it('notes of another installation mean nothing, and the log says that they are there', async () => {
  const other = join(folder, '..', randomUUID());
  await queue('one', 'two');
  running.signal('SIGTERM');
  await running.exited;
  await mkdir(other);
  note(other);
  await start();
  expect(said('notes of submits from another database')).toHaveLength(1);
  expect(await statuses()).toEqual({ one: 'QUEUED', two: 'QUEUED' });
  await limit(20);
  await eventually('both', () => all('COMPLETED'));
});

describe('an answer that comes after the database has gone back', () => {
  /** Makes the database forget that anything was handed over, as an older copy in its place does. */
  const goBack = async () => {
    await dramatis.database.query(`
      UPDATE generations SET status = 'QUEUED', attempt_token = NULL, attempted_at = NULL, provider_request_id = NULL,
        submitted_at = NULL, started_at = NULL WHERE status IN ('SUBMITTING', 'SUBMITTED', 'PROCESSING')`);
    await dramatis.database.query('TRUNCATE submit_intents');
  };
  /** Holds the provider's answers to submits; resolves when there is one. */
  const hold = (version: string) => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: held, resolve: isHeld } = Promise.withResolvers<void>();
    dramatis.simulator.onRequest = (request) => {
      if (!isSubmit(request) || !request.path.startsWith(`/${version}/`)) return undefined;
      isHeld();
      return released;
    };
    return { held, release };
  };

  it.each([
    ['v1', 'in flight [[simulate:route-refused]]'],
    ['v2', 'in flight'],
  ])('to a submit over %s is written down, once the run is in doubt', async (version, prompt) => {
    const { held, release } = hold(version);
    const id = await dramatis.generate(characterId, prompt);
    await held;
    await goBack();
    await eventually('the doubt', () => all('UNCERTAIN'));
    release();
    await eventually('the picture', () => all('COMPLETED'));
    expect(await dramatis.settle(id)).toMatchObject({ cost: '0.085000', failure: null });
    expect(await dramatis.database.query(booksSql)).toEqual([]);
  });

  it('to a submit is written down though the run is back in the queue, and nothing is submitted again', async () => {
    const { held, release } = hold('v2');
    await dramatis.generate(characterId, 'answered at once');
    await held;
    await goBack();
    release();
    await eventually('the picture', () => all('COMPLETED'));
    expect(taken('answered at once')).toHaveLength(1);
  });

  it('to a poll is written down', async () => {
    await dramatis.generate(characterId, 'polled [[simulate:slow=8]]');
    await eventually('it to be polled', () => all('PROCESSING'));
    await goBack();
    await eventually('the doubt', () => all('UNCERTAIN'));
    await eventually('the picture', () => all('COMPLETED'));
    expect(taken('polled')).toHaveLength(1);
  });

  it('that refuses a run leads it nowhere: there may have been other attempts, which are lost', async () => {
    const { held, release } = hold('v2');
    await dramatis.generate(characterId, 'refused [[simulate:429]]');
    await held;
    // Its worker seemed to be gone, before the database went back.
    await dramatis.database.query("UPDATE generations SET status = 'UNCERTAIN' WHERE status = 'SUBMITTING'");
    note(folder);
    await eventually('the review', async () => (await ask('attempt_token'))[0]?.attempt_token === null);
    release();
    const isPaused = async () => (await dramatis.database.query('SELECT 1 FROM provider_pauses')).length > 0;
    await eventually('the refusal', isPaused);
    const later = await dramatis.generate(characterId, 'after the refusal');
    expect(await dramatis.settle(later)).toMatchObject({ status: 'COMPLETED' });
    expect(await statuses()).toMatchObject({ 'refused [[simulate:429]]': 'UNCERTAIN' });
  });

  it('for a run that it has lost is in the log, with the id at the provider', async () => {
    const { held, release } = hold('v2');
    await dramatis.generate(characterId, 'lost');
    await held;
    const id = await idOf('lost');
    await dramatis.database.query('DELETE FROM project_events WHERE generation_id = $1', [id]);
    await dramatis.database.query('DELETE FROM generations WHERE id = $1', [id]);
    release();
    await eventually('the log', () => said('has lost a run that the provider took').length > 0);
    expect(said('has lost a run that the provider took')).toMatchObject([
      { level: 'error', generationId: id, requestId: [...dramatis.simulator.jobs.keys()].at(-1) },
    ]);
  });
});

it('events that have gone back end a subscription that was told more, and a new one is told where to begin', async () => {
  const events = (after: number) =>
    dramatis.connect().iterate({
      query:
        'subscription ($id: ID!, $after: SafeInt) { projectEvents(projectId: $id, after: $after) { sequence } }',
      variables: { id: projectId, after },
    });
  const failed = (iterator: AsyncIterableIterator<unknown>) =>
    iterator.next().then(
      ({ value }) => JSON.stringify(value),
      (error: unknown) => JSON.stringify(error),
    );
  const follower = events(0);
  // The character and its two reference images.
  const told = 3;
  for (let sequence = 1; sequence <= told; sequence += 1) await follower.next();
  await limit(0);
  const id = await dramatis.generate(characterId, 'followed');
  const run = dramatis.connect().iterate({
    query: 'subscription ($id: ID!) { generationUpdated(id: $id) { status } }',
    variables: { id },
  });
  expect((await run.next()).value).toMatchObject({ data: { generationUpdated: { status: 'QUEUED' } } });
  for (let more = 0; more < 2; more += 1) await follower.next();
  const ends = [failed(follower), failed(run)];
  await dramatis.database.query(`
    WITH own AS (SELECT max(id::text)::uuid AS id FROM projects),
      gone AS (DELETE FROM project_events e USING own WHERE e.project_id = own.id AND e.sequence > 2)
    UPDATE projects p SET last_sequence = 2 FROM own WHERE p.id = own.id`);
  for (const end of ends) expect(await end).toContain('SERVICE_UNAVAILABLE');
  const refused = await failed(events(told));
  expect(refused).toContain('BAD_USER_INPUT');
  expect(refused).toContain('the newest event is 2');
  const again = await events(1).next();
  expect(again.value).toMatchObject({ data: { projectEvents: { sequence: 2 } } });
});
