import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { delay } from '../support/delay.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { hearDatabase } from '../support/heard-database.ts';
import { holdProject } from '../support/held-project.ts';
import { apiKey, mutate, type Person, team, token } from '../support/people.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

let dramatis: Dramatis;
let server: ServerProcess;
let database: Awaited<ReturnType<typeof hearDatabase>>;
let cast: Awaited<ReturnType<typeof team>>;
beforeAll(async () => {
  dramatis = await Dramatis.start({
    servers: 0,
    environment: { COST_BURST: '3000', COST_PER_SECOND: '1000', LOG_LEVEL: 'info' },
  });
  database = await hearDatabase(dramatis.database.url);
  dramatis.onStop(() => database.close());
  server = await startServerProcess(dramatis, { DATABASE_URL: database.url });
  dramatis.url = server.url;
  cast = await team(dramatis);
});
afterAll(() => dramatis.stop());

const port = () => Number(new URL(server.url).port);
const rss = async () => {
  const { readFileSync } = await import('node:fs');
  return (
    Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]) / 1_024
  );
};

async function open(key?: string): Promise<WebSocket> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.on('open', resolve));
  if (!key) return socket;
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } }));
  await new Promise((resolve) => socket.once('message', resolve).once('close', resolve));
  return socket;
}

it('a client that resets its connection while it is refused an upgrade harms no other client', async () => {
  const knock = (path: string, origin: string) =>
    new Promise<void>((resolve) => {
      const socket: Socket = connect(port(), '127.0.0.1', () => {
        socket.write(
          `GET ${path} HTTP/1.1\r\nHost: x\r\nOrigin: ${origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
          () => {
            socket.resetAndDestroy();
            resolve();
          },
        );
      });
      socket.on('error', () => resolve());
    });
  for (let round = 0; round < 400; round += 1) {
    await Promise.all([
      knock('/nope', 'http://x'),
      knock('/graphql', 'http://evil.example'),
      knock('/graphql', 'http://x'),
    ]);
  }
  expect(server.child.exitCode).toBeNull();
  expect((await dramatis.ask('{ viewer { kind } }', {}, cast.owner)).status).toBe(200);
});

describe('over WebSocket', () => {
  it('pings are answered without what they carry, and who does not read is given up', async () => {
    const polite = await open(cast.owner.key);
    polite.send(JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(60_000) } }));
    const answer = await new Promise<string>((resolve) =>
      polite.once('message', (text) => resolve(String(text))),
    );
    expect(answer).toBe('{"type":"pong"}');
    polite.close();

    const before = await rss();
    const greedy = await open(cast.viewer.key);
    const closed = new Promise<void>((resolve) => greedy.once('close', () => resolve()));
    // Stops reading: what is sent to it has to be kept.
    greedy.pause();
    const ping = JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(60_000) } });
    for (let round = 0; round < 5_000 && greedy.readyState === WebSocket.OPEN; round += 1) {
      greedy.send(ping);
      if (round % 20 === 0) await delay(1);
    }
    greedy.resume();
    greedy.terminate();
    await closed;
    expect((await rss()) - before).toBeLessThan(200);
  });

  it('who asks for much and does not read is let go, before it fills our memory', async () => {
    const greedy = await open('test_admin_key_0123456789');
    const closed = new Promise<number>((resolve) => greedy.once('close', resolve));
    greedy.pause();
    const models = 'imageModels { title description parameters { name description default values } }';
    const query = `{ ${Array.from({ length: 19 }, (_, index) => `a${index}: ${models}`).join(' ')} }`;
    for (let id = 0; id < 300; id += 1) {
      greedy.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query } }));
    }
    // It reads nothing for so long. A busy server may still be sending why it closes the socket.
    await delay(4_000);
    greedy.resume();
    expect([1006, 1013]).toContain(await closed);
  });

  it('what was followed and left is not read any more, and leaves room for others', async () => {
    const socket = await open(cast.viewer.key);
    const following = (projectId: string) =>
      `subscription { projectEvents(projectId: "${projectId}") { sequence } }`;
    const query = following(cast.projectId);
    for (let id = 0; id < 300; id += 1) {
      socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query } }));
      await delay(2);
      socket.send(JSON.stringify({ id: String(id), type: 'complete' }));
    }
    // And one that was told something before.
    let isTold = false;
    socket.on('message', (text) => {
      isTold ||= String(text).includes('"type":"next"') && String(text).includes('"id":"told"');
    });
    socket.send(JSON.stringify({ id: 'told', type: 'subscribe', payload: { query } }));
    const input = { projectId: cast.projectId, name: 'Mara' };
    await eventually('an event', async () => {
      await mutate(dramatis, cast.owner, 'createCharacter', input, 'character { id }');
      return isTold;
    });
    socket.send(JSON.stringify({ id: 'told', type: 'complete' }));
    // Every two seconds a look for news names the projects that are followed.
    const other = await team(dramatis);
    const staying = await open(other.owner.key);
    staying.send(
      JSON.stringify({ id: '1', type: 'subscribe', payload: { query: following(other.projectId) } }),
    );
    const [stays, left] = [other, cast].map(({ projectId }) => fromGlobalId('Project', projectId));
    await eventually(
      'three looks for the one that stays, and for none that was left',
      () => {
        const looks = database.heard.filter(({ text }) => text.includes('expected.sequence'));
        const ids = looks.slice(-3).map(({ values }) => String(values[0]));
        return (
          ids.length === 3 && ids.every((each) => each.includes(`${stays}`) && !each.includes(`${left}`))
        );
      },
      60_000,
    );
    staying.close();
    socket.close();
    // And no socket that closed while it followed something is counted any longer.
    for (let round = 0; round < 25; round += 1) {
      const each = await open(cast.viewer.key);
      each.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
      await delay(20);
      each.terminate();
    }
    const last = await eventually('room for another', async () => {
      const each = await open(cast.viewer.key);
      return each.readyState === WebSocket.OPEN ? each : null;
    });
    last.close();
  }, 180_000);

  it('a stream is charged event by event: a viewer without points gets it later, and loses no event', async () => {
    const { owner, projectId } = await team(dramatis);
    await dramatis.database.query(
      `WITH p AS (UPDATE projects SET last_sequence = 400 WHERE id = (SELECT id FROM projects ORDER BY created_at DESC LIMIT 1) RETURNING id)
       INSERT INTO project_events (project_id, sequence, kind) SELECT p.id, n, 'CHARACTER_UPDATED' FROM p, generate_series(1, 400) n`,
    );
    const client = dramatis.connect(owner);
    const seen: number[] = [];
    let slowest = 0;
    let last = performance.now();
    const query = `subscription { projectEvents(projectId: "${projectId}", after: 0) { sequence character { project { name characters(first: 10) { nodes { name } } } } } }`;
    for await (const { data, errors } of client.iterate<{ projectEvents: { sequence: number } }>({ query })) {
      if (errors) throw new Error(JSON.stringify(errors));
      if (data) seen.push(data.projectEvents.sequence);
      slowest = Math.max(slowest, performance.now() - last);
      last = performance.now();
      if (seen.length === 400) break;
    }
    expect(seen).toEqual(Array.from({ length: 400 }, (_, index) => index + 1));
    expect(slowest).toBeGreaterThan(500);
  }, 60_000);

  it('a key whose person got a lesser role tells nothing by the greater one', async () => {
    const { owner, editor, editorMember, projectId } = await team(dramatis);
    const role = (to: string) =>
      mutate(dramatis, owner, 'changeMemberRole', { id: editorMember, role: to }, 'member { id }');
    await role('OWNER');
    const key = await apiKey(dramatis, editor, projectId, { kind: 'PERSONAL', role: 'OWNER' });
    const socket = await open(key.key);
    const roles: string[] = [];
    const closed = new Promise<string>((resolve) =>
      socket.once('close', (code, reason) => resolve(`${code} ${reason}`)),
    );
    socket.on('message', (text) =>
      roles.push(...[...String(text).matchAll(/"viewerRole":"(\w+)"/g)].map(([, found]) => String(found))),
    );
    const query = `subscription { projectEvents(projectId: "${projectId}", after: 0) { sequence character { project { viewerRole } } } }`;
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
    const add = () =>
      mutate(dramatis, owner, 'createCharacter', { projectId, name: 'x' }, 'character { id }');
    await add();
    await eventually('the first event', () => roles.length > 0);
    const before = roles.length;
    await role('VIEWER');
    await add();
    expect(await closed).toBe('4403 ROLE_CHANGED');
    expect(roles.slice(before)).toEqual([]);
  });
});

describe('over HTTP', () => {
  it('a request that is sent slowly does not outlive its key', async () => {
    const key = await apiKey(dramatis, cast.owner, cast.projectId);
    const body = JSON.stringify({
      query: `mutation { createCharacter(input: { projectId: "${cast.projectId}", name: "Parked" }) { character { id } } }`,
    });
    const socket = connect(port(), '127.0.0.1');
    let answer = '';
    socket.on('data', (text) => {
      answer += text;
    });
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key.key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body.slice(0, 10)}`,
    );
    // Its sender takes its time.
    await delay(300);
    await mutate(dramatis, cast.owner, 'revokeApiKey', { id: key.id }, 'apiKey { id }');
    // Longer than what was found out about a key is believed.
    await delay(500);
    socket.write(body.slice(10));
    await new Promise((resolve) => socket.on('close', resolve));
    expect(answer).toMatch(/^HTTP\/1.1 401 /);
    expect(await dramatis.database.query("SELECT 1 FROM characters WHERE name = 'Parked'")).toEqual([]);
  });

  it.each<[string, () => Promise<{ who: Person; end: () => Promise<unknown> }>]>([
    [
      'a key that is revoked',
      async () => {
        const key = await apiKey(dramatis, cast.owner, cast.projectId);
        return {
          who: key,
          end: () => mutate(dramatis, cast.owner, 'revokeApiKey', { id: key.id }, 'apiKey { id }'),
        };
      },
    ],
    [
      'a member who is removed',
      async () => {
        const who = { key: await token('leaving') };
        const member = await cast.join(who, 'leaving@example.test', 'EDITOR');
        return {
          who,
          end: () => mutate(dramatis, cast.owner, 'removeMember', { id: member }, 'member { id }'),
        };
      },
    ],
  ])('%s does not finish a document of many mutations', async (_, make) => {
    const { who, end } = await make();
    const marker = `many-${Math.random()}`;
    const fields = Array.from(
      { length: 80 },
      (_each, index) =>
        `a${index}: createCharacter(input: { projectId: "${cast.projectId}", name: "${marker}" }) { character { id } }`,
    );
    // Another transaction has locked the project, so each mutation waits for its turn.
    const holding = await holdProject(dramatis.database.url, fromGlobalId('Project', cast.projectId));
    const sent = dramatis.ask(`mutation { ${fields.join(' ')} }`, {}, who);
    await holding.awaited(1);
    await holding.release();
    await end();
    const { errors } = await sent;
    const made = await dramatis.database.query('SELECT 1 FROM characters WHERE name = $1', [marker]);
    expect(errors?.length).toBeGreaterThan(0);
    expect(made.length).toBeLessThan(80);
  });
});

it('an invitation is not accepted by a token with an unverified address', async () => {
  const invited = await mutate(
    dramatis,
    cast.owner,
    'inviteMember',
    { projectId: cast.projectId, email: 'alice@example.test', role: 'OWNER' },
    'token',
  );
  const accept = async (key: string) =>
    (await mutate(dramatis, { key }, 'acceptInvitation', { token: invited.token }, 'member { role }'))
      .userErrors[0]?.code ?? 'OK';
  await dramatis.ask('{ viewer { kind } }', {}, { key: await token('mallory') });
  expect(await accept(await token('mallory'))).toBe('INVITATION_FOR_ANOTHER');
  expect(await accept(await token('mallory', { email_verified: false }))).toBe('INVITATION_FOR_ANOTHER');
  expect(await accept(await token('mallory', { email: 'nonsense' }))).toBe('INVITATION_FOR_ANOTHER');
  expect(await accept(await token('fresh', { email: 'alice@example.test', email_verified: 'false' }))).toBe(
    'INVITATION_FOR_ANOTHER',
  );
  // A token without an address does not make the known one forgotten.
  await dramatis.ask('{ viewer { kind } }', {}, { key: await token('mallory') });
  expect(await accept(await token('mallory', { email: null }))).toBe('INVITATION_FOR_ANOTHER');
  expect(await accept(await token('alice', { email_verified: true }))).toBe('OK');
});

/** Waits until a person can pay for a hundred small things again. */
async function refill({ key }: Person): Promise<void> {
  const asked = z.object({ extensions: z.object({ cost: z.object({ remaining: z.number() }) }) });
  await eventually('enough points', async () => {
    const url = `${server.url}/graphql?query=${encodeURIComponent('{ __typename }')}`;
    const headers = { authorization: `Bearer ${key}`, 'apollo-require-preflight': 'x' };
    return asked.parse(await (await fetch(url, { headers })).json()).extensions.cost.remaining > 2_000;
  });
}

it('changes that cross each other end, one way or the other', async () => {
  for (let round = 0; round < 6; round += 1) {
    await refill(cast.owner);
    const { owner, editor, editorMember, projectId } = await team(dramatis);
    const keys = await Promise.all(
      [1, 2, 3, 4].map(() => apiKey(dramatis, editor, projectId, { kind: 'PERSONAL', role: 'VIEWER' })),
    );
    const set = (key: string) =>
      mutate(dramatis, owner, 'setProviderKey', { projectId, key }, 'project { id }');
    const outcomes = await Promise.allSettled([
      mutate(dramatis, owner, 'removeMember', { id: editorMember }, 'member { id }'),
      ...keys.map(({ id }) => mutate(dramatis, owner, 'revokeApiKey', { id }, 'apiKey { id }')),
      set('SG_0123456789abcdef'),
      mutate(dramatis, owner, 'removeProviderKey', { projectId }, 'project { id }'),
      set('SG_0123456789abcdeg'),
      mutate(dramatis, owner, 'archiveProject', { id: projectId }, 'project { id }'),
      mutate(dramatis, owner, 'deleteProject', { id: projectId, name: 'Team' }, 'project { id }'),
    ]);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
  }
});
