import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import { sha256 } from '../../src/platform/graphql/documents/persisted-documents.ts';
import { type Answer, adminKey, Dramatis } from '../support/dramatis.ts';
import { token } from '../support/people.ts';

let dramatis: Dramatis;
let listedUrl: string;
let key: string;

const projects = 'query Projects($first: Int = 1) { projects(first: $first) { nodes { id } } }';
const named = 'query Named { viewer { __typename } } query Other { projects(first: 1) { nodes { id } } }';
const create = 'mutation { createProject(input: { name: "Persisted" }) { project { name } } }';
const follow = 'subscription Follow($id: ID!) { generationUpdated(id: $id) { status } }';

beforeAll(async () => {
  dramatis = await Dramatis.start();
  key = await token('olivia');
  const manifest = join(dramatis.environment.DATA_DIR ?? '', 'persisted-documents.json');
  await writeFile(
    manifest,
    JSON.stringify({ [sha256(projects)]: projects, create, follow, [sha256(named)]: named }),
  );
  listedUrl = (await dramatis.startServer({ PERSISTED_DOCUMENTS: manifest })).url ?? '';
});
afterAll(() => dramatis.stop());

type Asked = Record<string, unknown>;
type Target = { url?: string; key?: string };
interface Data {
  readonly projects: { nodes: unknown[] };
  readonly createProject: { project: { name: string } };
}
interface Sent extends Answer<Data> {
  readonly headers: Headers;
  readonly extensions: { cost: { requested: number } };
}

async function read(response: Response): Promise<Sent> {
  const answer = (await response.json()) as Omit<Sent, 'status' | 'headers'>;
  return { status: response.status, headers: response.headers, ...answer };
}

async function post(asked: Asked, target: Target = {}): Promise<Sent> {
  const headers = { authorization: `Bearer ${target.key ?? key}`, 'content-type': 'application/json' };
  const body = JSON.stringify(asked);
  return read(await fetch(`${target.url ?? dramatis.url}/graphql`, { method: 'POST', headers, body }));
}

async function get(asked: Asked, target: Target = {}, more: Record<string, string> = {}): Promise<Sent> {
  const headers = {
    authorization: `Bearer ${target.key ?? key}`,
    'apollo-require-preflight': 'yes',
    ...more,
  };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked))
    query.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  return read(await fetch(`${target.url ?? dramatis.url}/graphql?${query}`, { headers }));
}

/** The first answer of an operation over a socket, or its errors. */
function overWebsocket(asked: Asked, target: Target = {}): Promise<unknown> {
  const client = dramatis.connect({ url: target.url ?? dramatis.url, key: target.key ?? key });
  return new Promise<unknown>((resolve, reject) => {
    client.subscribe({ query: '', ...asked } as SubscribePayload, {
      next: resolve,
      error: (errors) => (Array.isArray(errors) ? resolve({ errors }) : reject(errors)),
      complete: () => reject(new Error('ended without an answer')),
    });
  }).finally(() => client.dispose());
}

const extension = (text: string) => ({
  extensions: { persistedQuery: { version: 1, sha256Hash: sha256(text) } },
});
const unknown = {
  errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
};
const answered = { data: { projects: { nodes: [] } } };

describe.each([
  ['POST', post],
  ['GET', get],
  ['WebSocket', overWebsocket],
])('an automatically persisted document over %s', (transport, send) => {
  // Another text for each transport, so that none profits from what another has registered.
  const text = `${projects} # ${transport}`;

  it('is asked for, told, and asked for again', async () => {
    expect(await send({ ...extension(text), variables: { first: 1 } })).toMatchObject(unknown);
    expect(await send({ query: text, ...extension(text) })).toMatchObject(answered);
    expect(await send({ ...extension(text), variables: { first: 1 } })).toMatchObject(answered);
    expect(await send({ documentId: `sha256:${sha256(text)}` })).toMatchObject(answered);
    expect(await send({ documentId: `sha256:${sha256('none')}` })).toMatchObject(unknown);
  });

  it('is refused with a hash that is another text’s, and not kept', async () => {
    const other = `${text} again`;
    expect(await send({ query: create, ...extension(other) })).toMatchObject({
      errors: [{ extensions: { code: 'BAD_REQUEST' } }],
    });
    expect(await send(extension(other))).toMatchObject(unknown);
  });
});

describe('an automatically persisted document', () => {
  it('is told to be unknown with the status that clients expect, not to be cached, for a point', async () => {
    const { status, headers, extensions } = await get(extension('{ viewer { __typename } }'));
    expect([status, headers.get('cache-control'), extensions.cost.requested]).toEqual([200, 'no-store', 1]);
  });

  it('is executed as the viewer who asks', async () => {
    await post({ query: create, ...extension(create) });
    const own = await post({ query: projects, ...extension(projects) });
    const strange = await post(extension(projects), { key: await token('stranger') });
    expect(own.data.projects.nodes.length).toBeGreaterThan(0);
    expect(strange.data.projects.nodes).toEqual([]);
  });

  it('takes the name of its operation', async () => {
    await post({ query: named, operationName: 'Other', ...extension(named) });
    for (const send of [post, get]) {
      const answer = await send({ operationName: 'Named', ...extension(named) });
      expect(answer.data).toEqual({ viewer: { __typename: 'Viewer' } });
    }
  });

  it('is no way around the protection of GET', async () => {
    await post({ query: create, ...extension(create) });
    const changed = await get(extension(create));
    expect([changed.status, changed.headers.get('allow'), changed.data]).toEqual([405, 'POST', undefined]);
  });
});

describe('with a manifest', () => {
  const at = () => ({ url: listedUrl });

  it.each([
    ['POST', post],
    ['GET', get],
    ['WebSocket', overWebsocket],
  ])('its documents are answered over %s, however they are named', async (_, send) => {
    const first = { variables: { first: 1 } };
    for (const asked of [
      extension(projects),
      { documentId: sha256(projects) },
      { documentId: `sha256:${sha256(projects)}` },
      { query: projects },
    ]) {
      expect(await send({ ...asked, ...first }, at())).toMatchObject({ data: { projects: {} } });
    }
  });

  it.each([
    ['POST', post],
    ['GET', get],
    ['WebSocket', overWebsocket],
  ])('all others are refused over %s, to everyone', async (_, send) => {
    const other = '{ projects(first: 2) { nodes { id } } }';
    for (const viewer of [key, adminKey]) {
      const target = { ...at(), key: viewer };
      for (const [asked, code] of [
        [{ query: other }, 'QUERY_NOT_IN_SAFELIST'],
        [{ query: getIntrospectionQuery() }, 'QUERY_NOT_IN_SAFELIST'],
        [{ query: other, ...extension(other) }, 'QUERY_NOT_IN_SAFELIST'],
        [extension(other), 'PERSISTED_QUERY_NOT_IN_LIST'],
        [{ documentId: 'unknown' }, 'PERSISTED_QUERY_NOT_IN_LIST'],
      ] as const) {
        expect(await send(asked, target)).toMatchObject({ errors: [{ extensions: { code } }] });
      }
    }
  });

  it('a refusal is one like the others, for the point at the door', async () => {
    const { status, data, extensions } = await post({ query: '{ viewer { __typename } }' }, at());
    expect([status, data, extensions.cost.requested]).toEqual([400, undefined, 1]);
  });

  it('a mutation of it is executed, but not by GET', async () => {
    expect((await post({ documentId: 'create' }, at())).data.createProject.project.name).toBe('Persisted');
    expect((await get({ documentId: 'create' }, at())).status).toBe(405);
  });

  it('a subscription of it is followed over a socket, and refused over HTTP', async () => {
    const asked = { documentId: 'follow', variables: { id: 'x' } };
    expect(await overWebsocket(asked, at())).toMatchObject({
      errors: [{ extensions: { code: 'NOT_FOUND' } }],
    });
    expect((await post(asked, at())).status).toBe(400);
  });
});

it('starts nothing at all with a manifest that is none', async () => {
  const broken = join(dramatis.environment.DATA_DIR ?? '', 'broken.json');
  const untouched = join(dramatis.environment.DATA_DIR ?? '', 'untouched');
  await writeFile(broken, JSON.stringify({ a: '{ missing }' }));
  await expect(
    dramatis.startServer({ PERSISTED_DOCUMENTS: broken, DATA_DIR: untouched }),
  ).rejects.toMatchObject({
    name: 'ConfigProblem',
    message: expect.stringContaining('document "a" cannot be executed: Cannot query field "missing"'),
  });
  await expect(access(untouched)).rejects.toMatchObject({ code: 'ENOENT' });
});
