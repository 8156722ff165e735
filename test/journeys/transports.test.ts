import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { adminKey, Dramatis, picture } from '../support/dramatis.ts';
import { team } from '../support/people.ts';

/* What stock clients send beyond a plain POST of JSON. */
let dramatis: Dramatis;
let cast: Awaited<ReturnType<typeof team>>;
beforeAll(async () => {
  dramatis = await Dramatis.start();
  cast = await team(dramatis);
});
afterAll(() => dramatis.stop());

const text = `query Names($first: Int) { projects(first: $first) { nodes { name } } }`;
const authorization = () => `Bearer ${cast.owner.key}`;
const send = (path: string, init: RequestInit = {}) =>
  fetch(`${dramatis.url}${path}`, {
    ...init,
    headers: { authorization: authorization(), ...(init.headers as Record<string, string>) },
  });
const get = (parameters: Record<string, string>, headers: Record<string, string> = {}) =>
  send(`/graphql?${new URLSearchParams(parameters)}`, { headers });
const post = (body: object, headers: Record<string, string> = {}) =>
  send('/graphql', {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });

describe('a GET', () => {
  it('is answered without another header than the key', async () => {
    const answer = await get({ query: text, variables: '{"first":1}' });
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      { data: { projects: { nodes: [{}] } } },
    ]);
  });

  it('does not change anything', async () => {
    const answer = await get({
      query: 'mutation { createProject(input: { name: "x" }) { project { id } } }',
    });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it.each([
    ['a plan', text],
    [
      'the resolvers',
      'query Names($first: Int) { viewer { kind } projects(first: $first) { nodes { name } } }',
    ],
  ])('is answered with 304 by %s when the client has the answer', async (_, query) => {
    const documentId = hash('sha256', query);
    await post({ query, documentId, variables: { first: 1 } });
    const asked = { documentId, variables: '{"first":1}' };
    const first = await get(asked);
    const etag = first.headers.get('etag') ?? '';
    expect([first.status, first.headers.get('cache-control')]).toEqual([200, 'private, no-cache']);
    expect(first.headers.get('vary')).toContain('Authorization');
    const again = await get(asked, { 'if-none-match': etag });
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
    await dramatis.database.query('UPDATE projects SET name = $1', [`after ${etag}`]);
    const changed = await get(asked, { 'if-none-match': etag });
    expect([changed.status, (await changed.text()).includes('after')]).toEqual([200, true]);
  });

  it('that fails, and a POST, have no tag', async () => {
    const missing = await get({ query: '{ node(id: "nothing") { id } }' });
    const posted = await post({ query: text });
    expect([missing.headers.get('etag'), posted.headers.get('etag')]).toEqual([null, null]);
  });
});

describe('a document', () => {
  it("is named by Relay's word as well", async () => {
    const id = hash('sha256', text);
    await post({ query: text, documentId: id });
    const asked = { doc_id: id, operationName: 'Names' };
    const answers = [
      await post({ ...asked, variables: { first: 1 } }),
      await get({ ...asked, variables: '{"first":1}' }),
    ];
    for (const answer of answers) expect(await answer.json()).toMatchObject({ data: { projects: {} } });
    const both = await post({ doc_id: id, documentId: 'another' });
    expect([both.status, await both.text()]).toEqual([400, expect.stringContaining('doc_id')]);
  });

  it('has no name where the name is empty', async () => {
    expect((await post({ query: text, operationName: '' })).status).toBe(200);
    expect((await post({ query: text, operationName: 'Other' })).status).toBe(400);
  });
});

describe('an answer that failed before GraphQL', () => {
  const accept = 'application/graphql-response+json';
  it.each<[string, number, () => Promise<Response>]>([
    ['no key', 401, () => fetch(`${dramatis.url}/graphql`, { method: 'POST', headers: { accept } })],
    [
      'broken JSON',
      400,
      () =>
        send('/graphql', {
          method: 'POST',
          body: '{',
          headers: { accept, 'content-type': 'application/json' },
        }),
    ],
    [
      'text',
      415,
      () =>
        send('/graphql', { method: 'POST', body: '{', headers: { accept, 'content-type': 'text/plain' } }),
    ],
    ['no body', 400, () => send('/graphql', { method: 'POST', headers: { accept } })],
    ['a document of no sense', 400, () => post({ query: '{' }, { accept })],
  ])('%s: has the media type that was asked for', async (_, status, ask) => {
    const answer = await ask();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, `${accept}; charset=utf-8`]);
    expect(await answer.json()).toMatchObject({ errors: [{ message: expect.any(String) }] });
  });
});

describe('a page of another origin', () => {
  const origin = 'https://app.example.com';

  it('reads when to come again, what a file is called, and tags', async () => {
    const open = (await dramatis.startServer({ CORS_ORIGINS: origin })).url ?? '';
    const { headers } = await fetch(`${open}/graphql?query={__typename}`, {
      headers: { origin, authorization: authorization() },
    });
    // A cache keeps the answers for other origins apart.
    expect(headers.get('vary')?.split(', ')).toEqual(expect.arrayContaining(['Origin', 'Authorization']));
    expect(headers.get('access-control-expose-headers')).toBe('Retry-After, Content-Disposition, ETag');
  });

  it('is told which setting is missing', async () => {
    const refused = await fetch(`${dramatis.url}/graphql`, { method: 'OPTIONS', headers: { origin } });
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('CORS_ORIGINS')]);
  });
});

describe('GET /schema.graphql', () => {
  it('is the contract', async () => {
    const answer = await send('/schema.graphql');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(await answer.text()).toBe(await readFile('schema.graphql', 'utf8'));
    const etag = answer.headers.get('etag') ?? '';
    expect((await send('/schema.graphql', { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  it('is for those who may introspect', async () => {
    const { url = '' } = await dramatis.startServer({ INTROSPECTION: 'off' });
    const ask = async (key?: string) =>
      (await fetch(`${url}/schema.graphql`, key ? { headers: { authorization: `Bearer ${key}` } } : {}))
        .status;
    expect([await ask(), await ask(cast.owner.key), await ask(adminKey)]).toEqual([401, 403, 200]);
  });
});

describe('an upload by a form', () => {
  const uploaded = z.object({ id: z.string(), contentType: z.string() });
  const upload = (form: FormData) =>
    send(`/images?projectId=${cast.projectId}`, { method: 'POST', body: form });
  const file = async () => new Blob([new Uint8Array(await picture('#446688'))], { type: 'image/png' });

  it('stores its one file as an upload of the bytes does', async () => {
    const form = new FormData();
    form.set('alt', 'a word beside it');
    form.set('file', await file(), 'face.png');
    const answer = await upload(form);
    expect(answer.status).toBe(201);
    const first = uploaded.parse(await answer.json());
    const bytes = await send(`/images?projectId=${cast.projectId}`, {
      method: 'POST',
      body: new Uint8Array(await picture('#446688')),
      headers: { 'content-type': 'image/png' },
    });
    expect(uploaded.parse(await bytes.json())).toEqual(first);
  });

  it('is refused with no file, with two, and when it is broken', async () => {
    const none = new FormData();
    none.set('file', 'words');
    const two = new FormData();
    two.append('a', await file());
    two.append('b', await file());
    for (const form of [none, two])
      expect([(await upload(form)).status, await (await upload(form)).text()]).toEqual([
        400,
        expect.stringContaining('must have one file'),
      ]);
    const broken = await send(`/images?projectId=${cast.projectId}`, {
      method: 'POST',
      body: 'nothing',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
    expect([broken.status, await broken.text()]).toEqual([
      400,
      expect.stringContaining('multipart/form-data'),
    ]);
  });

  it('is limited as any upload', async () => {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(25 * 1024 * 1024)]));
    expect((await upload(form)).status).toBe(413);
  });

  it('belongs to POST /images, which a GraphQL multipart request is told', async () => {
    const form = new FormData();
    form.set('operations', '{}');
    const answer = await send('/graphql', { method: 'POST', body: form });
    expect([answer.status, await answer.text()]).toEqual([415, expect.stringContaining('POST /images')]);
  });
});
