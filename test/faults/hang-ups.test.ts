import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { delay } from '../support/delay.ts';
import { adminKey, Dramatis, eventually, picture } from '../support/dramatis.ts';
import { frame, openBareSocket } from '../support/frames.ts';
import { openBody } from '../support/open-body.ts';
import { mutate } from '../support/people.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

let dramatis: Dramatis;
let server: ServerProcess;
let projectId: string;
let image: { url: string; previewUrl: string };
beforeAll(async () => {
  dramatis = await Dramatis.start({ servers: 0 });
  server = await startServerProcess(dramatis);
  dramatis.url = server.url;
  const admin = { key: adminKey };
  const made = await mutate(dramatis, admin, 'createProject', { name: 'Brief' }, 'project { id }');
  projectId = made.project.id;
  const answer = await fetch(`${server.url}/images?projectId=${projectId}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'image/png' },
    body: new Uint8Array(await picture('teal', 2_000)),
  });
  image = (await answer.json()) as typeof image;
  await dramatis.database.query(
    `INSERT INTO project_events (project_id, sequence, kind) SELECT id, n, 'CHARACTER_UPDATED' FROM projects, generate_series(1, 2000) n`,
  );
});
afterAll(() => dramatis.stop());

const loud = (lines: ServerProcess['log']) =>
  lines.filter(({ level }) => level === 'warn' || level === 'error');
let told = 0;
/** Nothing was logged that anyone would be woken for, and requests are answered. */
async function isWell(): Promise<void> {
  // What comes of a hang-up is told some turns later, and so before some later requests are answered.
  for (let asked = 0; asked < 5; asked += 1)
    expect((await dramatis.ask('{ viewer { kind } }')).status).toBe(200);
  const lines = server.log.slice(told);
  told = server.log.length;
  expect(loud(lines)).toEqual([]);
}

describe.each([
  ['/graphql', 'application/json'],
  ['images', 'image/png'],
])('a client that hangs up on %s', (name, type) => {
  const path = () => (name === 'images' ? `/images?projectId=${projectId}` : name);

  it.each([
    ['before its body', 0],
    ['within its body', 1_000],
    ['late in its body', 5_000_000],
  ])('%s is no error of ours', async (_, sizeBytes) => {
    for (const length of [sizeBytes + 10, undefined]) {
      const bodies = await Promise.all(
        Array.from({ length: 5 }, () =>
          openBody(server.url, {
            path: path(),
            type,
            key: adminKey,
            ...(length === undefined ? {} : { length }),
          }),
        ),
      );
      for (const body of bodies) if (sizeBytes > 0) await body.write(Buffer.alloc(sizeBytes, ' '));
      for (const body of bodies) body.cut();
    }
    await isWell();
  });

  it('with nothing but the end of the stream is no error of ours', async () => {
    const body = await openBody(server.url, { path: path(), type, key: adminKey, length: 1_000 });
    await body.write(Buffer.alloc(10, ' '));
    body.endEarly();
    await eventually('the end of the connection', () => body.isClosed());
    await isWell();
  });

  it('while its answer is being worked out is no error of ours', async () => {
    const json = JSON.stringify({
      query: '{ projects(first: 100) { nodes { id characters(first: 100) { nodes { id } } } } }',
    });
    const bytes = name === 'images' ? await picture('red', 1_500) : Buffer.from(json);
    for (const waitMs of [0, 1, 5, 20]) {
      const body = await openBody(server.url, { path: path(), type, key: adminKey, length: bytes.length });
      await body.write(bytes);
      await delay(waitMs);
      body.cut();
    }
    await isWell();
  });

  it('after a body that is no HTTP is no error of ours', async () => {
    const body = await openBody(server.url, { path: path(), type, key: adminKey });
    await body.writeRaw(Buffer.from('zz\r\nnonsense\r\n'));
    await eventually('the end of the connection', () => body.isClosed());
    await isWell();
  });
});

describe('a client that hangs up while it is answered', () => {
  it.each<[string, () => { path: string; headers?: Record<string, string> }]>([
    ['with a picture', () => ({ path: image.url })],
    ['with a picture that is made for it', () => ({ path: image.previewUrl })],
    [
      'with an export',
      () => ({
        path: `${server.url}/exports/generations.csv?projectId=${projectId}`,
        headers: { authorization: `Bearer ${adminKey}` },
      }),
    ],
    [
      'with a list',
      () => ({
        path: `${server.url}/graphql?query=${encodeURIComponent('{ imageModels { title description parameters { name description } } }')}`,
        headers: { authorization: `Bearer ${adminKey}`, 'apollo-require-preflight': 'x' },
      }),
    ],
    ['with the explorer', () => ({ path: `${server.url}/graphql`, headers: { accept: 'text/html' } })],
    ['with health', () => ({ path: `${server.url}/readyz` })],
  ])('%s is no error of ours', async (_, make) => {
    const { path, headers = {} } = make();
    for (const waitMs of [0, 0, 1, 3, 10, 30]) {
      const asked = request(path, { headers });
      asked.on('error', () => undefined);
      asked.on('response', (response) => response.on('error', () => undefined));
      asked.end();
      await delay(waitMs);
      asked.destroy();
    }
    await isWell();
  });
});

describe('a socket that hangs up', () => {
  const text = (message: object) => frame('text', JSON.stringify(message));
  const init = text({ type: 'connection_init', payload: { authorization: `Bearer ${adminKey}` } });
  const subscribe = (query: string) => text({ id: '1', type: 'subscribe', payload: { query } });
  const events = () =>
    subscribe(`subscription { projectEvents(projectId: "${projectId}", after: 0) { sequence } }`);

  it.each<[string, () => Buffer]>([
    ['before it has said who it is', () => Buffer.alloc(0)],
    ['while it is let in', () => init],
    ['within a frame', () => Buffer.concat([init, events().subarray(0, 20)])],
    ['within a message', () => Buffer.concat([init, frame('text', '{', { isLast: false })])],
    ['while it asks', () => Buffer.concat([init, subscribe('{ projects(first: 100) { nodes { id } } }')])],
    ['while it is told events', () => Buffer.concat([init, events()])],
    ['after its goodbye', () => Buffer.concat([init, frame('close', Buffer.from([3, 232]))])],
    ['after a frame that is none', () => Buffer.concat([init, Buffer.from([0xff, 0xff, 0xff])])],
  ])('%s is no error of ours', async (_, make) => {
    for (const waitMs of [0, 1, 5, 20, 60]) {
      const socket = await openBareSocket(server.url);
      const [first, rest] = [make().subarray(0, init.length), make().subarray(init.length)];
      await socket.write(first);
      if (rest.length > 0) await eventually('an answer', () => socket.texts().length > 0);
      await socket.write(rest);
      await delay(waitMs);
      socket.stream.resetAndDestroy();
    }
    await isWell();
  });
});

describe('what is no HTTP', () => {
  it.each([
    ['nonsense', 'nonsense\r\n\r\n'],
    ['no path', 'GET\r\n\r\n'],
    ['a path that is none', 'GET /%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a host twice', 'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n'],
    ['two lengths', 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['a length that is none', 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    [
      'a length and chunks',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    ['very long headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['a greeting of TLS', '\x16\x03\x01\x02\x00\x01\x00'],
    ['half a head', 'GET /graphql HTTP/1.1\r\nHo'],
    [
      'an upgrade to nothing',
      'GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
    [
      'an upgrade of nonsense',
      'GET http://[ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
  ])('%s is no error of ours', async (_, text) => {
    for (const isCut of [true, false]) {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(text, 'latin1');
      socket.resume();
      await delay(30);
      if (isCut) socket.resetAndDestroy();
      else socket.end();
    }
    await isWell();
  });
});

it('nothing was logged of any of them until the end of the process', async () => {
  server.signal('SIGTERM');
  expect(await server.exited).toBe(0);
  expect(loud(server.log)).toEqual([]);
});
