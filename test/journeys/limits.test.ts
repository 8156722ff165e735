import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { delay } from '../support/delay.ts';
import { adminKey, Dramatis } from '../support/dramatis.ts';
import { eventually } from '../support/eventually.ts';
import { apiKey, team, token } from '../support/people.ts';
import { startServerProcess } from '../support/server-process.ts';

let dramatis: Dramatis;
let other: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({
    environment: {
      COST_BURST: '1000',
      COST_PER_SECOND: '100',
      WS_MAX_SOCKETS: '3',
      WS_MAX_SUBSCRIPTIONS: '5',
    },
  });
  other = (await dramatis.startServer()).url ?? '';
});
afterAll(() => dramatis.stop());

interface Told {
  requested: number;
  remaining: number;
  restoreRate: number;
}
async function send(query: string, key: string, url = dramatis.url, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  const body = (await response.json()) as {
    errors?: { extensions: { code: string } }[];
    extensions?: { cost: Told };
  };
  return { response, body, cost: body.extensions?.cost as Told, code: body.errors?.[0]?.extensions.code };
}
const hundred = '{ projects(first: 100) { nodes { id } } }';

describe('points', () => {
  it('are told in every answer, also in refusals', async () => {
    const key = await token('told');
    const first = await send(hundred, key);
    expect(first.cost).toEqual({ requested: 101, remaining: 899, restoreRate: 100 });
    expect((await send('{ nonsense }', key)).cost).toEqual({
      requested: 1,
      remaining: 898,
      restoreRate: 100,
    });
    expect((await send('{', key)).cost).toMatchObject({ requested: 1, remaining: 897 });
    const malformed = await send(7 as never as string, await token('told-twice'));
    expect([malformed.code, malformed.cost]).toEqual([
      'BAD_REQUEST',
      { requested: 1, remaining: 999, restoreRate: 100 },
    ]);
    expect((await send('{ project(id: "x") { id } }', key)).cost).toMatchObject({
      requested: 1,
      remaining: 896,
    });
    expect((await send(hundred, adminKey)).cost).toEqual({
      requested: 101,
      remaining: 1_000,
      restoreRate: 100,
    });
  });

  it('run out, over all servers together, and come back', async () => {
    const key = await token('spender');
    const answers: Awaited<ReturnType<typeof send>>[] = [];
    for (let round = 0; round < 12; round += 1) {
      answers.push(await send(hundred, key, round % 2 ? other : dramatis.url));
    }
    expect(answers.filter(({ response }) => response.status === 200).length).toBe(9);
    const refused = answers.at(-1);
    expect([refused?.response.status, refused?.code]).toEqual([429, 'RATE_LIMITED']);
    const seconds = Number(refused?.response.headers.get('retry-after'));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(10);
    expect(refused?.cost).toMatchObject({ requested: 101, restoreRate: 100 });
    // What is left still buys something small; another viewer is not held up.
    expect((await send('{ __typename }', key)).response.status).toBe(200);
    expect((await send(hundred, await token('bystander'))).response.status).toBe(200);
    // As long as the refusal says.
    await delay(seconds * 1_000 + 100);
    expect((await send(hundred, key)).response.status).toBe(200);
  });

  it('are a person’s, whichever of their keys they come with; a project’s key has its own', async () => {
    const { owner, projectId } = await team(dramatis);
    const before = (await send('{ __typename }', owner.key)).cost.remaining;
    const personal = await apiKey(dramatis, owner, projectId, { kind: 'PERSONAL', role: 'VIEWER' });
    await send(hundred, personal.key);
    expect((await send('{ __typename }', owner.key)).cost.remaining).toBeLessThan(before - 101);
    const service = await apiKey(dramatis, owner, projectId);
    expect((await send('{ __typename }', service.key)).cost.remaining).toBe(999);
  });

  it('are not overdrawn by parallel requests to two servers', async () => {
    const key = await token('parallel');
    await send('{ __typename }', key);
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, index) => send(hundred, key, index % 2 ? other : dramatis.url)),
    );
    const taken = all.filter(({ response }) => response.status === 200).length;
    expect(taken).toBeGreaterThanOrEqual(6);
    expect(taken).toBeLessThanOrEqual(9);
  });

  it('are taken over WebSocket as well, and told with each answer', async () => {
    const key = await token('socket');
    const client = dramatis.connect({ key });
    for await (const { extensions } of client.iterate<unknown, { cost: Told }>({ query: hundred })) {
      expect(extensions?.cost).toEqual({ requested: 101, remaining: 899, restoreRate: 100 });
    }
    for (let round = 0; round < 8; round += 1) await send(hundred, key);
    const refused = client.iterate({ query: hundred }).next();
    await expect(refused).rejects.toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }]);
  });

  it('are taken for uploads, before the picture is looked at', async () => {
    const { projectId, owner } = await team(dramatis);
    const { key } = await apiKey(dramatis, owner, projectId);
    const upload = () =>
      fetch(`${dramatis.url}/images?projectId=${projectId}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'image/png' },
        body: 'no picture',
      });
    const statuses = [];
    for (let round = 0; round < 105; round += 1) statuses.push((await upload()).status);
    expect(statuses.filter((status) => status === 400)).toHaveLength(100);
    expect(statuses.at(-1)).toBe(429);
  });
});

describe('guessing', () => {
  let url: string;
  beforeAll(async () => {
    url = (await dramatis.startServer({ AUTH_FAILURES_PER_MINUTE: '20' })).url ?? '';
  });

  it('is slowed down by address; who has come in lately is not held up', async () => {
    const good = await token('neighbour');
    const cast = await team(dramatis);
    const unseen = await apiKey(dramatis, cast.owner, cast.projectId);
    expect((await send('{ __typename }', good, url)).response.status).toBe(200);
    const statuses: number[] = [];
    for (let round = 0; round < 30; round += 1)
      statuses.push((await send('{ __typename }', `dramatis_key_${round}`, url)).response.status);
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(401));
    expect(statuses.slice(20)).toEqual(Array(10).fill(429));
    const { response } = await send('{ __typename }', 'dramatis_key_again', url);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await send('{ __typename }', good, url)).response.status).toBe(200);
    // A good key that was never seen waits also, because it cannot be told from a guess before it is tried.
    expect((await send('{ __typename }', unseen.key, url)).response.status).toBe(429);
    // Wrong keys say nothing about tokens.
    expect((await send('{ __typename }', await token('newcomer'), url)).response.status).toBe(200);
    const client = dramatis.connect({ url, key: 'dramatis_key_socket' });
    await expect(client.iterate({ query: '{ __typename }' }).next()).rejects.toMatchObject({
      code: 1013,
      reason: 'RATE_LIMITED',
    });
  });

  it('is slowed down as well when all guesses come at once, over HTTP and over sockets', async () => {
    const guess = async (url: string) =>
      (await send('{ __typename }', `dramatis_key_${Math.random()}`, url)).response.status;
    const start = () => startServerProcess(dramatis, { AUTH_FAILURES_PER_MINUTE: '60' });
    const { url: busy } = await start();
    const statuses = await Promise.all(Array.from({ length: 600 }, () => guess(busy)));
    expect(statuses.filter((status) => status === 401)).toHaveLength(60);
    expect(statuses.filter((status) => status === 429)).toHaveLength(540);

    const { url: other } = await start();
    const endings = await Promise.all(Array.from({ length: 600 }, () => knock(other)));
    expect(endings.filter((ending) => ending === '4403 Forbidden')).toHaveLength(60);
    expect(endings.filter((ending) => ending === '1013 RATE_LIMITED')).toHaveLength(540);
    // What was not tried over one is not tried over the other either.
    expect(await guess(other)).toBe(429);
  });

  /** How a socket ends that comes with a wrong key. */
  const knock = (url: string) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      const authorization = `Bearer dramatis_key_${Math.random()}`;
      socket.on('open', () =>
        socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })),
      );
      socket.on('close', (code, reason) => resolve(`${code} ${reason}`));
    });

  it('is counted by the address that a trusted proxy tells, and by no other', async () => {
    const proxied =
      (await dramatis.startServer({ TRUST_PROXY: '127.0.0.1', AUTH_FAILURES_PER_MINUTE: '2' })).url ?? '';
    const from = async (address: string, url: string) =>
      (await send('{ __typename }', 'wrong_wrong_wrong', url, { 'x-forwarded-for': address })).response
        .status;
    const statuses = [];
    for (let round = 0; round < 3; round += 1) statuses.push(await from('203.0.113.7', proxied));
    expect(statuses).toEqual([401, 401, 429]);
    expect(await from('203.0.113.8', proxied)).toBe(401);
    const direct = (await dramatis.startServer({ AUTH_FAILURES_PER_MINUTE: '2' })).url ?? '';
    const spoofed = [];
    for (let round = 0; round < 3; round += 1) spoofed.push(await from(`203.0.113.${round}`, direct));
    expect(spoofed).toEqual([401, 401, 429]);
  });
});

describe('sockets', () => {
  const open = (key: string) =>
    new Promise<{ socket: WebSocket; closed: Promise<[number, string]> }>((resolve) => {
      const socket = new WebSocket(`${dramatis.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      const closed = new Promise<[number, string]>((done) =>
        socket.on('close', (code, reason) => done([code, String(reason)])),
      );
      socket.on('open', () =>
        socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } })),
      );
      socket.on('message', () => resolve({ socket, closed }));
      void closed.then(() => resolve({ socket, closed }));
    });

  it('are so many for a viewer; when one closes there is room again', async () => {
    const key = await token('many-sockets');
    const held = await Promise.all([open(key), open(key), open(key)]);
    const fourth = await open(key);
    expect(await fourth.closed).toEqual([1013, 'TOO_MANY_SOCKETS']);
    held[0]?.socket.close();
    await held[0]?.closed;
    const fifth = await eventually('room again', async () => {
      const again = await open(key);
      return again.socket.readyState === WebSocket.OPEN ? again : null;
    });
    const bystander = await open(await token('bystander-socket'));
    expect(bystander.socket.readyState).toBe(WebSocket.OPEN);
    for (const { socket } of [...held, fifth, bystander]) socket.close();
  });

  it('that hang up while they are being let in leave nothing behind', async () => {
    const key = await token('hasty');
    for (let round = 0; round < 30; round += 1) {
      const socket = new WebSocket(`${dramatis.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      await new Promise((resolve) => socket.on('open', resolve));
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } }));
      await new Promise((resolve) => setImmediate(resolve));
      socket.terminate();
    }
    const held = await eventually('room for all that a viewer may have', async () => {
      const all = await Promise.all([open(key), open(key), open(key)]);
      if (all.every(({ socket }) => socket.readyState === WebSocket.OPEN)) return all;
      for (const { socket } of all) socket.close();
      return null;
    });
    for (const { socket } of held) socket.close();
  });

  it('carry so many subscriptions of a viewer together, ten thousand messages at once or one by one', async () => {
    const { projectId, owner } = await team(dramatis);
    const [one, two] = [await open(owner.key), await open(owner.key)];
    const errors: string[] = [];
    for (const { socket } of [one, two]) {
      socket.on('message', (text) => {
        const message = JSON.parse(String(text));
        if (message.type === 'error') errors.push(message.payload[0].extensions.code);
      });
    }
    const subscribe = (socket: WebSocket, id: number) =>
      socket.send(
        JSON.stringify({
          id: String(id),
          type: 'subscribe',
          payload: { query: `subscription { projectEvents(projectId: "${projectId}") { sequence } }` },
        }),
      );
    for (let id = 0; id < 3; id += 1) subscribe(one.socket, id);
    for (let id = 0; id < 10_000; id += 1) subscribe(two.socket, id);
    await eventually('all to be answered', () => errors.length >= 9_998);
    expect(errors).toHaveLength(9_998);
    expect(new Set(errors)).toEqual(new Set(['RATE_LIMITED']));
    for (const { socket } of [one, two]) socket.close();
  });
});
