import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { type FaultyProvider, isSubmit, startFaultyProvider } from '../support/faulty-provider.ts';
import { freePort } from '../support/free-port.ts';
import type { ScriptedAnswer } from '../support/scripted-server.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { isThorough } from '../support/thorough.ts';

/*
 * A provider that takes connections, and of which nothing works: a gateway without what stands behind it, a page that says
 * "back soon", silence. Free calls find it out, and hardly a run is risked.
 */
let dramatis: Dramatis;
let provider: FaultyProvider;
let worker: ServerProcess;
let project: { id: string; characterId: string };
/** How many lines and submits there were before. */
let before: { lines: number; submits: number };

/** So many runs are under way at a time. */
const together = 5;
const inAll = 15;

beforeAll(async () => {
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  dramatis = await Dramatis.start({
    simulator: { publicUrl },
    environment: { ROLE: 'api', SEGMIND_BASE_URL: publicUrl },
  });
  provider = await startFaultyProvider(dramatis.simulator.url, port);
  dramatis.onStop(() => provider.close());
  worker = await startServerProcess(dramatis, {
    ROLE: 'worker',
    WORKER_CONCURRENCY: String(together),
    SEGMIND_SUBMIT_TIMEOUT_MS: '1000',
  });
});
afterAll(() => dramatis.stop());

beforeEach(async () => {
  provider.answers = () => null;
  // Each outage is the first one.
  for (const table of ['provider_notices', 'provider_incidents', 'provider_pauses', 'provider_assets'])
    await query(`DELETE FROM ${table}`);
  const { projectId, characterId } = await dramatis.cast();
  project = { id: fromGlobalId('Project', projectId), characterId };
  await query('UPDATE projects SET max_concurrent_generations = 100');
});

const query = (text: string, values?: unknown[]) => dramatis.database.query(text, values);
const status = async () => (await dramatis.get('{ provider { status } }')).provider.status;
const told = async (kind: string) =>
  (await query('SELECT 1 FROM project_events WHERE project_id = $1 AND kind = $2', [project.id, kind]))
    .length;
const rows = async (where: string) =>
  (await query(`SELECT 1 FROM generations WHERE project_id = $1 AND ${where}`, [project.id])).length;
const count = (name: string) => rows(`status = '${name}'`);
const generate = () => dramatis.generate(project.characterId);
const waits = 'the provider is unavailable: runs wait until it answers';
const loud = () =>
  worker.log.slice(before.lines).filter(({ level }) => level !== 'debug' && level !== 'trace');
const logged = (message: string) => loud().filter(({ msg }) => msg === message).length;

async function begin(answers: FaultyProvider['answers'], runs: number): Promise<string[]> {
  before = { lines: worker.log.length, submits: provider.submits.length };
  provider.answers = answers;
  return Promise.all(Array.from({ length: runs }, generate));
}

const page = '<html><body>We will be back soon.</body></html>';
const faults: readonly (readonly [string, ScriptedAnswer])[] = [
  ['500', { status: 500, body: { error: 'Internal Server Error' } }],
  ['502', { status: 502, body: page }],
  ['521', { status: 521, body: 'Web server is down' }],
  ['a page', { body: page, headers: { 'content-type': 'text/html' } }],
  ['a redirect to a page', { status: 302, headers: { location: 'https://status.example.com' } }],
  ['a cut connection', { cut: 'AFTER_READING' }],
];

const outages = [
  ...faults.map(([name, answer]) => [name, false, answer] as const),
  ...faults.map(([name, answer]) => [name, true, answer] as const),
  ['silence', true, { hang: true }] as const,
];
const mostDifferent = outages.filter(([name, isUploaded]) =>
  isUploaded ? ['502', 'a page', 'silence'].includes(name) : ['500', 'a cut connection'].includes(name),
);

describe.each(isThorough ? outages : mostDifferent)(
  '%s to every request, pictures uploaded: %s',
  (_, isUploaded, answer) => {
    it('is found out at the cost of those that were under way together', async () => {
      if (isUploaded) expect((await dramatis.settle(await generate())).status).toBe('COMPLETED');
      const completed = await count('COMPLETED');
      const ids = await begin(() => answer, inAll);
      const isWaiting = "status = 'QUEUED' AND waiting_for = 'PROVIDER_UNAVAILABLE'";
      await eventually(
        'the others to wait',
        async () => (await count('UNCERTAIN')) + (await rows(isWaiting)) === inAll,
        60_000,
      );
      await eventually(
        'the project to be told',
        async () => (await told('PROVIDER_WAIT_BEGAN')) === 1,
        60_000,
      );
      const uncertain = await count('UNCERTAIN');
      expect(uncertain).toBeLessThanOrEqual(isUploaded ? together : 0);
      expect(await rows(isWaiting)).toBe(inAll - uncertain);
      expect(provider.submits.length - before.submits).toBe(uncertain);
      expect(await status()).toBe('UNAVAILABLE');
      const waiting = await Promise.all(
        ids.map((id) =>
          dramatis.get('query ($id: ID!) { generation(id: $id) { waitingFor { reason } } }', { id }),
        ),
      );
      const said = waiting.filter(
        ({ generation }) => generation.waitingFor?.reason === 'PROVIDER_UNAVAILABLE',
      );
      expect(said).toHaveLength(inAll - uncertain);

      provider.answers = () => null;
      await eventually(
        'the others to be done',
        async () => (await count('COMPLETED')) === completed + inAll - uncertain,
        60_000,
      );
      expect(await count('UNCERTAIN')).toBe(uncertain);
      expect(provider.submits.length - before.submits).toBe(uncertain);
      await eventually('the end to be told', async () => (await told('PROVIDER_WAIT_ENDED')) === 1);
      // One line for the outage, and one for each run in doubt.
      expect(logged(waits)).toBe(1);
      expect(logged('the submit ended uncertain')).toBe(uncertain);
      expect(loud().filter(({ level }) => level === 'warn')).toHaveLength(1 + uncertain);
      expect(loud().filter(({ err }) => err !== undefined)).toEqual([]);
    }, 150_000);
  },
);

it('no run is sent as long as it is not known why a submit broke off', async () => {
  expect((await dramatis.settle(await generate())).status).toBe('COMPLETED');
  await begin(({ method, url }) => ({ status: 502, delayMs: isSubmit(method, url) ? 0 : 3_000 }), 1);
  await eventually('the first to be in doubt', async () => (await count('UNCERTAIN')) === 1);
  await Promise.all([1, 2, 3].map(generate));
  await eventually(
    'the others to wait',
    async () => (await rows("waiting_for = 'PROVIDER_UNAVAILABLE'")) === 3,
  );
  expect(provider.submits.length - before.submits).toBe(1);
  provider.answers = () => null;
  await eventually('the others to be done', async () => (await count('COMPLETED')) === 4, 40_000);
}, 90_000);

it('submits that fail while free calls are answered pause all after ten', async () => {
  expect((await dramatis.settle(await generate())).status).toBe('COMPLETED');
  await begin(({ method, url }) => (isSubmit(method, url) ? { status: 500 } : null), 25);
  await eventually(
    'the others to wait',
    async () => (await count('UNCERTAIN')) + (await rows("waiting_for = 'PROVIDER_UNAVAILABLE'")) === 25,
  );
  expect(await count('UNCERTAIN')).toBeLessThan(10 + together);
  expect(await status()).toBe('UNAVAILABLE');
  provider.answers = () => null;
  await eventually(
    'the others to be done',
    async () => (await count('COMPLETED')) + (await count('UNCERTAIN')) === 26,
    40_000,
  );
}, 90_000);

it.each([
  ['500', { status: 500 }],
  ['404', { status: 404, body: { error: 'Not here' } }],
  ['a page', { body: page }],
] as const)(
  'an account without a balance is no outage: %s',
  async (_, answer) => {
    let broken = 2;
    const ids = await begin(({ method, url }) => {
      if (url === '/v1/get-user-credits') return answer;
      return isSubmit(method, url) && broken-- > 0 ? { status: 502 } : null;
    }, inAll);
    for (const id of ids) await dramatis.settle(id);
    expect([await count('COMPLETED'), await count('UNCERTAIN')]).toEqual([inAll - 2, 2]);
    expect(logged(waits)).toBe(0);
    expect(await told('PROVIDER_WAIT_BEGAN')).toBe(0);
  },
  60_000,
);

it('where only the host of the uploads does not work, pictures are sent in the request, and one line is logged', async () => {
  const ids = await begin(({ url }) => (url === '/upload-asset' ? { status: 521 } : null), inAll);
  for (const id of ids) expect((await dramatis.settle(id)).status).toBe('COMPLETED');
  expect(logged('the provider refuses the upload of pictures: they are sent as base64')).toBe(1);
  expect(loud().filter(({ level }) => level === 'warn')).toHaveLength(1);
  provider.answers = () => null;
  expect((await dramatis.settle(await generate())).status).toBe('COMPLETED');
  await eventually('the end', () => logged('pictures are uploaded to the provider again') === 1);
}, 60_000);

it('a model without an asynchronous route is told once, not for each run', async () => {
  await begin(
    ({ method, url }) => (method === 'POST' && url?.startsWith('/v2/') ? { status: 405, body: page } : null),
    inAll,
  );
  await eventually('them to be done', async () => (await count('COMPLETED')) === inAll, 40_000);
  expect(logged('no asynchronous route, using the synchronous one')).toBe(1);
  provider.answers = () => null;
}, 60_000);
