import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { follow } from '../support/followers.ts';
import { freePort } from '../support/free-port.ts';
import { token } from '../support/people.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

/*
 * A provider that is not there: runs say that they wait for it, it is told once, and all goes on when it is back.
 */
let dramatis: Dramatis;
let port: number;
let provider: Simulator | undefined;
let workers: ServerProcess[];
let projects: { projectId: string; characterId: string }[];

beforeAll(async () => {
  port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  dramatis = await Dramatis.start({ environment: { ROLE: 'api', SEGMIND_BASE_URL: url } });
  dramatis.onStop(async () => provider?.close());
  const worker = () => startServerProcess(dramatis, { ROLE: 'worker', LOG_LEVEL: 'debug' });
  workers = await Promise.all([worker(), worker()]);
  projects = [await dramatis.cast(), await dramatis.cast(), await dramatis.cast()];
});
afterAll(() => dramatis.stop());

const begin = async () => {
  provider = await startSimulator({ port, speed: 200 });
};
const end = async () => {
  await provider?.close();
  provider = undefined;
};
const query = (text: string, values?: unknown[]) => dramatis.database.query(text, values);
const generate = (place: { characterId: string } | undefined) => dramatis.generate(place?.characterId ?? '');
const waitOf = async (id: string) =>
  (
    await dramatis.get(
      'query ($id: ID!) { generation(id: $id) { status failure { code } waitingFor { reason since } } }',
      {
        id,
      },
    )
  ).generation;
const status = async (key?: string) => {
  const { data } = await dramatis.ask('{ provider { status since message } }', {}, key ? { key } : {});
  return data.provider;
};
const logged = (message: string) => workers.flatMap(({ log }) => log.filter(({ msg }) => msg === message));
const told = (kind: string) =>
  query('SELECT project_id, progress FROM project_events WHERE kind = $1 ORDER BY project_id', [kind]);
/** How often the provider was tried in vain since it is away. */
const tries = async () => Number((await query('SELECT tries FROM provider_pauses'))[0]?.tries);
const waits = 'the provider is unavailable: runs wait until it answers';
const works = 'the provider works again';

it('is told once: by runs, by the provider, in the log, and in each project whose runs wait', async () => {
  const follower = await follow(
    dramatis.url,
    'test_admin_key_0123456789',
    `subscription { projectEvents(projectId: "${projects[0]?.projectId}") { kind wait { reason since } } }`,
  );
  expect(await status()).toEqual({ status: 'OPERATIONAL', since: null, message: null });
  const ids = [
    ...(await Promise.all([1, 2, 3, 4, 5].map(() => generate(projects[0])))),
    await generate(projects[1]),
  ];
  for (const id of ids) {
    await eventually(
      'it to say so',
      async () => (await waitOf(id)).waitingFor?.reason === 'PROVIDER_UNAVAILABLE',
    );
    expect(await waitOf(id)).toMatchObject({ status: 'QUEUED', failure: null });
  }
  const first = await waitOf(ids[0] ?? '');
  await eventually('the projects to be told', async () => (await told('PROVIDER_WAIT_BEGAN')).length >= 2);

  const { status: name, since, message } = await status();
  expect(name).toBe('UNAVAILABLE');
  expect(new Date(since).getTime()).toBeLessThanOrEqual(Date.now());
  expect(message).not.toMatch(/127\.0\.0\.1|http|SG_/);
  // It is the same provider for each viewer.
  expect(await status(await token('stranger'))).toEqual({ status: name, since, message });

  // A worker is killed, and another one takes its place.
  workers[0]?.signal('SIGKILL');
  workers.push(await startServerProcess(dramatis, { ROLE: 'worker', LOG_LEVEL: 'debug' }));
  // A project that begins to wait later gets its event also.
  ids.push(await generate(projects[2]));
  await eventually('the third project', async () => (await told('PROVIDER_WAIT_BEGAN')).length === 3);
  const before = await tries();
  await eventually('it to be tried again', async () => (await tries()) > before + 1);
  expect(await waitOf(ids[0] ?? '')).toEqual(first);
  expect(await status()).toEqual({ status: name, since, message });

  await begin();
  const backAt = performance.now();
  for (const id of ids) expect((await dramatis.settle(id)).status).toBe('COMPLETED');
  // A probe every four seconds, and the time that a busy machine takes for seven runs.
  expect(performance.now() - backAt).toBeLessThan(20_000);
  expect(await status()).toEqual({ status: 'OPERATIONAL', since: null, message: null });
  await eventually('the end to be told', async () => (await told('PROVIDER_WAIT_ENDED')).length === 3);

  for (const kind of ['PROVIDER_WAIT_BEGAN', 'PROVIDER_WAIT_ENDED']) {
    const events = await told(kind);
    expect(new Set(events.map(({ project_id }) => project_id)).size).toBe(3);
    expect(events).toHaveLength(3);
    expect(events[0]?.progress).toMatchObject({ reason: 'PROVIDER_UNAVAILABLE' });
  }
  await eventually('the follower', () =>
    follower.told.some(({ projectEvents }) => projectEvents.kind === 'PROVIDER_WAIT_ENDED'),
  );
  const live = follower.told.map(({ projectEvents }) => projectEvents).filter(({ wait }) => wait !== null);
  expect(live).toEqual([
    { kind: 'PROVIDER_WAIT_BEGAN', wait: { reason: 'PROVIDER_UNAVAILABLE', since } },
    { kind: 'PROVIDER_WAIT_ENDED', wait: { reason: 'PROVIDER_UNAVAILABLE', since } },
  ]);
  follower.socket.close();

  expect(logged(waits)).toHaveLength(1);
  expect(logged(works)).toMatchObject([{ seconds: expect.any(Number), tries: expect.any(Number) }]);
  // Each process says once as well what became of trying its key, and that it cannot compare the accounts.
  const others = /^(working|an account could not be reconciled|SEGMIND_API_KEY could not be tried: .*)$/;
  const loud = workers.flatMap(({ log }) =>
    log.filter(({ level, msg }) => !['trace', 'debug'].includes(String(level)) && !others.test(String(msg))),
  );
  expect(loud.map(({ msg }) => msg).sort()).toEqual([waits, works]);
  expect(loud.filter(({ err }) => err !== undefined)).toEqual([]);
  expect(provider?.bill).toHaveLength(ids.length);
}, 90_000);

it('holds runs back: a hundred that wait try it no more often than one', async () => {
  await end();
  await query('UPDATE projects SET max_concurrent_generations = 100');
  const first = await generate(projects[0]);
  await eventually('it to wait', async () => (await waitOf(first)).waitingFor !== null);
  await eventually('the provider', async () => (await status()).status === 'UNAVAILABLE');
  const events = async () =>
    (await query("SELECT 1 FROM project_events WHERE kind = 'GENERATION_CHANGED'")).length;
  const before = await events();
  const [startedAt, triesBefore] = [performance.now(), await tries()];
  await Promise.all(Array.from({ length: 100 }, (_, place) => generate(projects[place % 3])));
  await eventually('all to say so', async () => {
    const rows = await query("SELECT 1 FROM generations WHERE waiting_for = 'PROVIDER_UNAVAILABLE'");
    return rows.length === 101;
  });
  await eventually('it to be tried again', async () => (await tries()) > triesBefore + 1);
  const seconds = (performance.now() - startedAt) / 1_000;
  expect((await tries()) - triesBefore).toBeLessThanOrEqual(seconds / 2 + 3);
  // Not one of them was tried.
  expect(await events()).toBe(before);

  await begin();
  await eventually(
    'all to be done',
    async () => (await query("SELECT 1 FROM generations WHERE status = 'COMPLETED'")).length === 108,
    60_000,
  );
}, 120_000);

it('a run that the provider has says so too, until it can be asked after again', async () => {
  const id = await dramatis.generate(projects[0]?.characterId ?? '', '[[simulate:slow=300]]');
  await eventually('it to be under way', async () => (await waitOf(id)).status === 'PROCESSING');
  expect((await waitOf(id)).waitingFor).toBeNull();
  await end();
  await eventually(
    'it to say so',
    async () => (await waitOf(id)).waitingFor?.reason === 'PROVIDER_UNAVAILABLE',
  );
  await eventually('the provider', async () => (await status()).status === 'UNAVAILABLE');
  expect((await waitOf(id)).status).toBe('PROCESSING');
  await begin();
  await eventually('it to say no more', async () => (await waitOf(id)).waitingFor === null);
}, 60_000);
