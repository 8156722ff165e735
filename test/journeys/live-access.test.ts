import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { apiKey, mutate, type Person, team, token } from '../support/people.ts';
import { mostReviews, roundsUntil } from '../support/rounds.ts';
import { startServerProcess } from '../support/server-process.ts';

let dramatis: Dramatis;
let cast: Awaited<ReturnType<typeof team>>;
const urls: string[] = [];
beforeAll(async () => {
  dramatis = await Dramatis.start();
  cast = await team(dramatis);
  // One of them in a process of its own.
  urls.push(dramatis.url, (await startServerProcess(dramatis)).url);
});
afterAll(() => dramatis.stop());

interface Follow {
  readonly events: unknown[];
  readonly errors: { extensions: { code: string } }[];
  /** The close code and reason, and when it came. */
  readonly closed: Promise<{ code: number; reason: string; at: number }>;
  readonly socket: WebSocket;
}

/** Follows something, over a bare socket. */
async function follow(key: string, url: string, query: string): Promise<Follow> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const [events, errors] = [[] as unknown[], [] as { extensions: { code: string } }[]];
  const closed = new Promise<{ code: number; reason: string; at: number }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason), at: Date.now() })),
  );
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } })),
  );
  await new Promise<void>((resolve, reject) => {
    void closed.then(({ code }) => reject(new Error(`closed with ${code}`)));
    socket.on('message', (text) => {
      const message = JSON.parse(String(text));
      if (message.type === 'connection_ack') resolve();
      if (message.type === 'next' && message.payload.data) events.push(message.payload.data);
      if (message.type === 'next' && message.payload.errors) errors.push(...message.payload.errors);
      if (message.type === 'error') errors.push(...message.payload);
    });
  });
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  return {
    events,
    errors,
    socket,
    closed,
  };
}

const projectEvents = (projectId = cast.projectId) =>
  `subscription { projectEvents(projectId: "${projectId}", after: 0) { sequence kind character { name } } }`;
const addCharacter = (who: Person, projectId = cast.projectId) =>
  mutate(dramatis, who, 'createCharacter', { projectId, name: 'Mara' }, 'character { id }');

/** Follows on both servers until events come. */
async function followEverywhere(key: string): Promise<Follow[]> {
  await addCharacter(cast.owner);
  const follows = await Promise.all(urls.map((url) => follow(key, url, projectEvents())));
  for (const { events } of follows) await eventually('an event', () => events.length > 0);
  return follows;
}

/** All of them end with this, and by the next review of access. */
async function expectEnd(follows: readonly Follow[], reasons: readonly string[]): Promise<void> {
  const ends = Promise.all(follows.map(({ closed }) => closed));
  expect(await roundsUntil(dramatis.database, ends)).toBeLessThanOrEqual(mostReviews);
  expect((await ends).map(({ code, reason }) => `${code} ${reason}`)).toEqual(
    reasons.map((reason) => `4403 ${reason}`),
  );
}

/** The same of what ends by itself at a moment, and not before. */
async function expectEndAt(endsAt: number, follows: readonly Follow[], reasons: readonly string[]) {
  await eventually('the moment', () => Date.now() >= endsAt);
  await expectEnd(follows, reasons);
  for (const { closed } of follows) expect((await closed).at).toBeGreaterThan(endsAt - 50);
}

describe('a live subscription ends with the next review of access, on every server', () => {
  it('when its key is revoked', async () => {
    const key = await apiKey(dramatis, cast.owner, cast.projectId, { role: 'VIEWER' });
    const follows = await followEverywhere(key.key);
    await mutate(dramatis, cast.owner, 'revokeApiKey', { id: key.id }, 'apiKey { id }');
    await expectEnd(follows, ['KEY_ENDED', 'KEY_ENDED']);
  });

  it('when its key expires', async () => {
    const expiresAt = new Date(Date.now() + 3_000);
    const key = await apiKey(dramatis, cast.owner, cast.projectId, { role: 'VIEWER', expiresAt });
    const follows = await followEverywhere(key.key);
    await expectEndAt(expiresAt.getTime(), follows, ['KEY_ENDED', 'KEY_ENDED']);
  });

  it('when its token expires', async () => {
    const lifetimeSeconds = 4;
    const endsAt = (Math.floor(Date.now() / 1_000) + lifetimeSeconds) * 1_000;
    const key = await token('olivia', { lifetimeSeconds });
    await expectEndAt(endsAt, await followEverywhere(key), ['TOKEN_EXPIRED', 'TOKEN_EXPIRED']);
  });

  it('when its member is removed, and so does one by a key of theirs', async () => {
    const { editor, editorMember, owner } = cast;
    const personal = await apiKey(dramatis, editor, cast.projectId, { kind: 'PERSONAL' });
    const follows = [...(await followEverywhere(editor.key)), ...(await followEverywhere(personal.key))];
    const bystander = await follow(owner.key, dramatis.url, projectEvents());
    await mutate(dramatis, owner, 'removeMember', { id: editorMember }, 'member { id }');
    await expectEnd(follows, ['MEMBERSHIP_ENDED', 'MEMBERSHIP_ENDED', 'KEY_ENDED', 'KEY_ENDED']);
    const before = bystander.events.length;
    await addCharacter(owner);
    await eventually('the others go on', () => bystander.events.length > before);
    bystander.socket.close();
  });
});

it('what happens after access ended is never sent, not even in the second before the socket closes', async () => {
  for (let round = 0; round < 5; round += 1) {
    const key = await apiKey(dramatis, cast.owner, cast.projectId, { role: 'VIEWER' });
    const follows = await followEverywhere(key.key);
    await mutate(dramatis, cast.owner, 'revokeApiKey', { id: key.id }, 'apiKey { id }');
    const secret = `After-${round}`;
    await mutate(
      dramatis,
      cast.owner,
      'createCharacter',
      { projectId: cast.projectId, name: secret },
      'character { id }',
    );
    for (const each of follows) {
      await each.closed;
      expect(JSON.stringify(each.events)).not.toContain(secret);
    }
  }
});

it('an ended key runs no query and no mutation over a socket that is still open', async () => {
  const key = await apiKey(dramatis, cast.owner, cast.projectId);
  const [first] = await followEverywhere(key.key);
  await mutate(dramatis, cast.owner, 'revokeApiKey', { id: key.id }, 'apiKey { id }');
  const query = `mutation { createCharacter(input: { projectId: "${cast.projectId}", name: "Too late" }) { character { id } } }`;
  first?.socket.send(JSON.stringify({ id: '2', type: 'subscribe', payload: { query } }));
  await first?.closed;
  expect(await dramatis.database.query("SELECT 1 FROM characters WHERE name = 'Too late'")).toEqual([]);
});

it('a lesser role counts at once over an open socket', async () => {
  const { viewer, viewerMember, owner, projectId } = await team(dramatis);
  await mutate(dramatis, owner, 'changeMemberRole', { id: viewerMember, role: 'EDITOR' }, 'member { id }');
  const client = dramatis.connect(viewer);
  const query = `mutation { createCharacter(input: { projectId: "${projectId}", name: "Mara" }) { character { id } } }`;
  for await (const { errors } of client.iterate({ query })) expect(errors).toBeUndefined();
  await mutate(dramatis, owner, 'changeMemberRole', { id: viewerMember, role: 'VIEWER' }, 'member { id }');
  for await (const { errors } of client.iterate({ query }))
    expect(errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
});

describe('another tenant’s project and runs', () => {
  it.each([
    'projectEvents(projectId: "ID", after: 0) { sequence }',
    'generationUpdated(id: "ID") { status }',
  ])('%s is refused like a random and a malformed id', async (field) => {
    const characterId = (await addCharacter(cast.owner)).character.id as string;
    await dramatis.addReference(characterId, 'FACE', '#c46');
    const runId = await dramatis.generate(characterId);
    const isRun = field.startsWith('generation');
    const stranger = await token('stranger');
    const random = Buffer.from(
      `${isRun ? 'Generation' : 'Project'}:0192f0c1-2222-7333-8444-555555555555`,
    ).toString('base64url');
    const answers = [];
    for (const id of [isRun ? runId : cast.projectId, random, 'nonsense']) {
      const each = await follow(stranger, dramatis.url, `subscription { ${field.replace('ID', id)} }`);
      await eventually('an error', () => each.errors.length > 0);
      answers.push(JSON.stringify(each.errors));
      expect(each.events).toEqual([]);
      each.socket.close();
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('NOT_FOUND');
  });
});

describe('the protocol', () => {
  const open = (protocols: string | string[], headers: Record<string, string> = {}) => {
    const socket = new WebSocket(`${dramatis.url.replace('http', 'ws')}/graphql`, protocols, { headers });
    return {
      socket,
      opened: new Promise<boolean>((resolve) => {
        socket.on('open', () => resolve(true));
        socket.on('error', () => resolve(false));
      }),
      closed: new Promise<[number, string]>((resolve) =>
        socket.on('close', (code, reason) => resolve([code, String(reason)])),
      ),
    };
  };
  const init = () =>
    JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${cast.owner.key}` } });

  it('wants an init in time, once, in its own protocol, with messages that it knows', async () => {
    const silent = open('graphql-transport-ws');
    const twice = open('graphql-transport-ws');
    await twice.opened;
    twice.socket.send(init());
    twice.socket.send(init());
    expect((await twice.closed)[0]).toBe(4429);
    const unknown = open('graphql-transport-ws');
    await unknown.opened;
    unknown.socket.send(JSON.stringify({ type: 'start' }));
    expect((await unknown.closed)[0]).toBe(4400);
    const early = open('graphql-transport-ws');
    await early.opened;
    early.socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } }));
    expect((await early.closed)[0]).toBe(4401);
    const old = open('graphql-ws');
    expect(
      await Promise.race([
        old.closed.then(([code]) => code),
        old.opened.then((is) => (is ? old.closed.then(([code]) => code) : 4406)),
      ]),
    ).toBe(4406);
    const wrong = open('graphql-transport-ws');
    await wrong.opened;
    wrong.socket.send(
      JSON.stringify({ type: 'connection_init', payload: { authorization: 'Bearer dramatis_key_wrong' } }),
    );
    expect((await wrong.closed)[0]).toBe(4403);
    expect((await silent.closed)[0]).toBe(4408);
  });

  it('is not spoken with pages of other sites', async () => {
    const own = new URL(dramatis.url);
    const isOpened = async (origin: string | undefined, url = dramatis.url) => {
      const socket = new WebSocket(
        `${url.replace('http', 'ws')}/graphql`,
        'graphql-transport-ws',
        origin === undefined ? {} : { origin },
      );
      const opened = await new Promise<boolean>((resolve) => {
        socket.on('open', () => resolve(true));
        socket.on('error', () => resolve(false));
      });
      socket.terminate();
      return opened;
    };
    expect(await isOpened(undefined)).toBe(true);
    expect(await isOpened(own.origin)).toBe(true);
    for (const origin of [
      'https://evil.example',
      `http://evil.example:${own.port}`,
      'null',
      'http://127.0.0.1.evil.example',
      '',
    ]) {
      expect([origin, await isOpened(origin)]).toEqual([origin, origin === '']);
    }
    const open = (await dramatis.startServer({ CORS_ORIGINS: 'https://app.example.com' })).url ?? '';
    expect([
      await isOpened('https://app.example.com', open),
      await isOpened('https://evil.example', open),
    ]).toEqual([true, false]);
  });
});

it('pages of the named sites, and no others, may call over HTTP', async () => {
  const open =
    (await dramatis.startServer({ CORS_ORIGINS: 'https://app.example.com, https://b.example.com' })).url ??
    '';
  const preflight = async (url: string, origin: string) => {
    const { headers } = await fetch(`${url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    return headers.get('access-control-allow-origin');
  };
  expect(await preflight(open, 'https://app.example.com')).toBe('https://app.example.com');
  expect(await preflight(open, 'https://evil.example')).toBeNull();
  expect(await preflight(dramatis.url, 'https://app.example.com')).toBeNull();
  const { headers } = await fetch(`${open}/graphql`, {
    method: 'POST',
    headers: {
      origin: 'https://b.example.com',
      authorization: `Bearer ${cast.owner.key}`,
      'content-type': 'application/json',
    },
    body: '{"query":"{ __typename }"}',
  });
  expect([
    headers.get('access-control-allow-origin'),
    headers.get('access-control-allow-credentials'),
  ]).toEqual(['https://b.example.com', null]);
});
