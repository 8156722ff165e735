import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { adminKey, type Dramatis, eventually } from './dramatis.ts';
import { freeze } from './freeze.ts';
import { apiKey } from './people.ts';
import type { ServerProcess } from './server-process.ts';

/** What a caller was told, and how long that took. */
export interface Told {
  readonly what: string;
  readonly code: string;
  readonly ms: number;
}

/** Callers of a server while its database does not work. */
export type Callers = Awaited<ReturnType<typeof callers>>;

/** Callers of all kinds, for an outage of the database: both transports, queries and mutations, two credentials. */
export async function callers(dramatis: Dramatis) {
  const { projectId, characterId } = await dramatis.cast();
  const service = await apiKey(dramatis, { key: adminKey }, projectId, { role: 'OWNER' });
  const documents = {
    query: [
      `query ($id: ID!) { project(id: $id) { name characters(first: 5) { nodes { name } } } }`,
      { id: projectId },
    ],
    // Never compiled: it is about the viewer.
    'query by resolvers': [`query ($id: ID!) { project(id: $id) { viewerRole } }`, { id: projectId }],
    mutation: [
      'mutation ($input: UpdateCharacterInput!) { updateCharacter(input: $input) { userErrors { code } } }',
      { input: { id: characterId, name: 'Mara' } },
    ],
    generate: [
      'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } userErrors { code } } }',
      { input: { characterId, model: { consistentCharacter: { prompt: 'asked in the outage' } } } },
    ],
  } as const;
  const sockets = await Promise.all(
    [adminKey, service.key].map(
      (key) =>
        new Promise<Client>((resolve) => {
          const client = createClient({
            url: `${dramatis.url.replace('http', 'ws')}/graphql`,
            webSocketImpl: WebSocket,
            connectionParams: { authorization: `Bearer ${key}` },
            // Connected before, through and after the outage.
            lazy: false,
            retryAttempts: 0,
            onNonLazyError: () => undefined,
            on: { connected: () => resolve(client) },
          });
          dramatis.onStop(async () => client.dispose());
        }),
    ),
  );

  const timed = async (what: string, ask: () => Promise<string>): Promise<Told> => {
    const startedAt = performance.now();
    const code = await ask();
    return { what, code, ms: performance.now() - startedAt };
  };
  const codeOf = (errors: readonly { extensions?: { code?: unknown } }[] | undefined) =>
    String(errors?.[0]?.extensions?.code ?? 'none');

  /** Each caller sends each request, all at once. */
  async function askAll(): Promise<Told[]> {
    return Promise.all(
      Object.entries(documents).flatMap(([what, [query, variables]]) => [
        ...[adminKey, service.key].map((key, index) =>
          timed(`${what} over HTTP ${index}`, async () =>
            codeOf((await dramatis.ask(query, variables, { key })).errors),
          ),
        ),
        ...sockets.map((socket, index) =>
          timed(`${what} over WebSocket ${index}`, async () => {
            try {
              for await (const { errors } of socket.iterate({ query, variables })) return codeOf(errors);
              return 'nothing';
            } catch (error) {
              return codeOf(Array.isArray(error) ? error : [{ extensions: { code: 'CLOSED' } }]);
            }
          }),
        ),
      ]),
    );
  }

  /** How many runs have been submitted. */
  const submits = () =>
    dramatis.simulator.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/v2/'))
      .length;

  return { dramatis, characterId, askAll, submits };
}

/** What `/readyz` says. */
export async function readiness(url: string) {
  const response = await fetch(`${url}/readyz`);
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

/** How long it takes from now until `/readyz` has a status; asked without a pause. */
export async function untilReadiness(url: string, status: number, limitMs: number): Promise<number> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < limitMs) {
    if ((await readiness(url)).status === status) break;
    await sleep(50);
  }
  return performance.now() - startedAt;
}

/** All is well again, by itself: readiness, requests and runs. */
export async function expectRecovery(server: ServerProcess, outside: Callers): Promise<void> {
  const { dramatis, characterId, askAll } = outside;
  expect(await untilReadiness(server.url, 200, 20_000)).toBeLessThan(20_000);
  await eventually('each caller to be served', async () =>
    (await askAll()).every(({ code }) => code === 'none'),
  );
  expect((await dramatis.settle(await dramatis.generate(characterId, 'afterwards'))).status).toBe(
    'COMPLETED',
  );
  expect(server.child.exitCode).toBeNull();
}

/** Stops Postgres in the middle of everything, for a time, and watches what is told meanwhile and afterwards. */
export async function standStill(options: {
  server: ServerProcess;
  outside: Callers;
  /** The embedded Postgres' own. */
  directory: string;
  toldWithinMs: number;
  lastsMs: number;
}): Promise<void> {
  const { server, outside, directory, toldWithinMs, lastsMs } = options;
  const { dramatis, characterId, askAll, submits } = outside;
  const statusOf = async (id: string) =>
    (await dramatis.get('query ($id: ID!) { generation(id: $id) { status } }', { id })).generation.status;
  const waiting = await dramatis.generate(characterId, '[[simulate:slow=40]]');
  await eventually('it to be submitted', async () => (await statusOf(waiting)) === 'PROCESSING');
  const before = { submits: submits(), fetching: server.logged('no wake-ups can be fetched') };
  const loggedBefore = server.log.length;
  const endsAt = performance.now() + lastsMs;
  const thaw = freeze(directory);
  try {
    const red = untilReadiness(server.url, 503, lastsMs);
    do {
      const told = await askAll();
      expect(told.filter(({ code, ms }) => code !== 'SERVICE_UNAVAILABLE' || ms > toldWithinMs)).toEqual([]);
    } while (performance.now() < endsAt);
    expect(await red).toBeLessThan(5_000);
    await eventually('readiness to know that no jobs are fetched', async () =>
      /^none fetched for \d+ s$/.test((await readiness(server.url)).body.jobs ?? ''),
    );
    expect((await readiness(server.url)).body).toMatchObject({
      status: 'unavailable',
      database: 'does not answer',
    });
    expect(submits()).toBe(before.submits);
    // Once for each change of state, not for each try.
    expect(server.logged('no wake-ups can be fetched')).toBe(before.fetching + 1);
    expect(server.logged('leases cannot be renewed')).toBe(server.logged('leases are renewed again') + 1);
    const warnings = server.log.slice(loggedBefore).filter(({ level }) => level === 'warn');
    const told = warnings.map(({ msg }) => msg);
    expect(told.filter((msg, place) => told.indexOf(msg) !== place)).toEqual([]);
  } finally {
    thaw();
  }
  await expectRecovery(server, outside);
  expect((await dramatis.settle(waiting)).status).toBe('COMPLETED');
  await eventually('the leases to be renewed', async () => server.logged('leases are renewed again') > 0);
}
