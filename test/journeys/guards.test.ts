import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { adminKey, Dramatis } from '../support/dramatis.ts';
import { hostileDocuments } from '../support/hostile.ts';
import { token } from '../support/people.ts';

let dramatis: Dramatis;
let key: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { COST_BURST: '1000000' } });
  key = await token('olivia');
});
afterAll(() => dramatis.stop());

const refusedCodes = [
  'DOCUMENT_LIMIT_EXCEEDED',
  'COST_LIMIT_EXCEEDED',
  'GRAPHQL_VALIDATION_FAILED',
  'GRAPHQL_PARSE_FAILED',
];

/** The errors of one operation over a socket. */
function overWebsocket(query: string): Promise<{ message: string; extensions?: Record<string, unknown> }[]> {
  const client = dramatis.connect({ key });
  return new Promise<{ message: string }[]>((resolve, reject) => {
    client.subscribe(
      { query },
      {
        next: ({ errors }) => reject(new Error(`executed: ${JSON.stringify(errors)}`)),
        error: (errors) =>
          Array.isArray(errors) ? resolve(errors as { message: string }[]) : reject(errors),
        complete: () => reject(new Error('executed')),
      },
    );
  }).finally(() => client.dispose());
}

describe.each(hostileDocuments)('%s', (_, document) => {
  it('is refused over HTTP', async () => {
    const { status, errors, data } = await dramatis.ask(document, {}, { key });
    expect([status, data]).toEqual([400, undefined]);
    expect(refusedCodes).toContain(errors?.[0]?.extensions.code);
  });

  it('is refused over WebSocket', async () => {
    if (document.length > 60_000)
      return expect(overWebsocket(document)).rejects.toMatchObject({ code: 1009 });
    const [error] = await overWebsocket(document);
    return expect(refusedCodes).toContain(error?.extensions?.code);
  });
});

it('takes what honest clients send: introspection, a hundred of a list, ten paid runs', async () => {
  expect((await dramatis.ask(getIntrospectionQuery(), {}, { key })).errors).toBeUndefined();
  expect(
    (
      await dramatis.ask(
        getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true, oneOf: true }),
        {},
        { key },
      )
    ).errors,
  ).toBeUndefined();
  const library = `{ all: projects(first: 100) { nodes { id name } } projects(first: 20) { nodes { name characters(first: 20) { nodes { name referenceImages(first: 3) { image { url } } } } } } }`;
  expect((await dramatis.ask(library, {}, { key })).errors).toBeUndefined();
});

describe('over HTTP', () => {
  const post = (
    body: string | Buffer,
    headers: Record<string, string> = {},
    method = 'POST',
    path = '/graphql',
  ) =>
    fetch(`${dramatis.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      body: method === 'GET' ? undefined : new Uint8Array(Buffer.from(body)),
    });
  const query = JSON.stringify({ query: '{ __typename }' });
  const utf16 = Buffer.from(query, 'utf16le');
  const invalid = Buffer.concat([
    Buffer.from('{"query":"{ __typename }","variables":{"x":"'),
    Buffer.from([0xc3, 0x28]),
    Buffer.from('"}}'),
  ]);

  it.each<[string, number, () => Promise<Response>]>([
    ['several operations in one array', 400, () => post(`[${query},${query}]`)],
    [
      'a body that is too large',
      413,
      () => post(JSON.stringify({ query: '{ __typename }', variables: { x: 'x'.repeat(40_000_000) } })),
    ],
    [
      '2 MB of extensions',
      400,
      () => post(JSON.stringify({ query: '{ __typename }', extensions: { x: 'x'.repeat(2_000_000) } })),
    ],
    ['another charset', 415, () => post(utf16, { 'content-type': 'application/json; charset=utf-16' })],
    ['latin-1', 415, () => post(query, { 'content-type': 'application/json; charset=iso-8859-1' })],
    ['UTF-8 that is none', 400, () => post(invalid)],
    ['a compressed body', 415, () => post(query, { 'content-encoding': 'gzip' })],
    [
      'a form',
      415,
      () => post('query=%7B__typename%7D', { 'content-type': 'application/x-www-form-urlencoded' }),
    ],
    ['plain text', 415, () => post(query, { 'content-type': 'text/plain' })],
    [
      'a multipart form',
      415,
      () => post('--x\r\n\r\n--x--', { 'content-type': 'multipart/form-data; boundary=x' }),
    ],
    [
      'a mutation by GET',
      405,
      () =>
        post(
          '',
          { 'apollo-require-preflight': 'yes' },
          'GET',
          `/graphql?query=${encodeURIComponent('mutation { __typename }')}`,
        ),
    ],
    [
      'a query by GET as a form would send it',
      401,
      () => fetch(`${dramatis.url}/graphql?query=${encodeURIComponent('{ __typename }')}`),
    ],
    ['__proto__', 400, () => post('{"query":"{ __typename }","variables":{"__proto__":{"isAdmin":true}}}')],
    [
      'constructor.prototype',
      400,
      () => post('{"query":"{ __typename }","variables":{"constructor":{"prototype":{"x":1}}}}'),
    ],
    ['JSON that is none', 400, () => post('{"query":')],
    ['nothing', 400, () => post('')],
    ['a number for a query', 400, () => post('{"query":1}')],
    ['an empty query', 400, () => post('{"query":""}')],
    ['a list for variables', 400, () => post('{"query":"{ __typename }","variables":[]}')],
    ['a number for the name', 400, () => post('{"query":"{ __typename }","operationName":7}')],
    [
      'a query given twice',
      400,
      () => post('', { 'apollo-require-preflight': 'yes' }, 'GET', '/graphql?query=a&query=b'),
    ],
    [
      'variables that are no JSON',
      400,
      () => post('', { 'apollo-require-preflight': 'yes' }, 'GET', '/graphql?query=a&variables=b'),
    ],
    ['PUT', 404, () => post(query, {}, 'PUT')],
  ])('%s is answered with %d', async (_, status, send) => {
    const response = await send();
    expect(response.status).toBe(status);
    const text = await response.text();
    expect(text).not.toMatch(/node_modules|at \w+ \(|isAdmin/);
  });

  it.each(['{ __typename }', '{ projects(first: 1) { totalCount } }'])(
    'counts an empty parameter of a GET as none, by both executors: %s',
    async (text) => {
      const path = `/graphql?query=${encodeURIComponent(text)}&operationName=&variables=&extensions=`;
      const response = await post('', { 'apollo-require-preflight': 'yes' }, 'GET', path);
      expect([response.status, await response.text()]).toEqual([200, expect.not.stringContaining('errors')]);
    },
  );

  it('takes 100,000 variables and deep JSON in its stride', async () => {
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`v${i}`, i]));
    expect((await post(JSON.stringify({ query: '{ __typename }', variables: many }))).status).toBe(200);
    const deep = `{"query":"{ __typename }","variables":{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`;
    expect((await post(deep)).status).toBeLessThan(500);
    expect((await post(`{"query":"{ a }","query":"{ __typename }"}`)).status).toBe(200);
  });

  it('forgets the hashes that it is sent without a text', async () => {
    for (let index = 0; index < 50; index += 1) {
      const persistedQuery = { version: 1, sha256Hash: String(index).padStart(64, '0') };
      const response = await post(JSON.stringify({ extensions: { persistedQuery } }));
      expect(await response.text()).toContain('PERSISTED_QUERY_NOT_FOUND');
    }
  });

  it('does not let a client guess a hundred invitations in one request', async () => {
    const guesses = Array.from(
      { length: 100 },
      (_, index) =>
        `a${index}: acceptInvitation(input: { token: "dramatis_invitation_${index}" }) { userErrors { code } }`,
    );
    const { errors, data } = await dramatis.ask(`mutation { ${guesses.join(' ')} }`, {}, { key });
    expect([errors?.[0]?.extensions.code, data]).toEqual(['COST_LIMIT_EXCEEDED', undefined]);
  });

  it('stores or refuses SQL and other odd text as text', async () => {
    const odd = [
      "'; DROP TABLE projects; --",
      '$1',
      '%',
      '\\',
      '{"$ne": null}',
      '{{7*7}}',
      '<script>',
      '\u202eabc',
      '🦀'.repeat(60),
    ];
    for (const name of odd) {
      const made = await dramatis.ask(
        'mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id name } } }',
        { input: { name } },
        { key },
      );
      expect(made.data.createProject.project.name).toBe(name);
      const lists = await dramatis.ask(
        `query ($id: ID!, $odd: String!, $any: ID!) { projects(first: 1, after: $odd) { totalCount } project(id: $id) { auditLog(first: 1, after: $odd, filter: { targetId: $any, userId: $any }) { totalCount } } }`,
        { id: made.data.createProject.project.id, odd: name, any: name },
        { key },
      );
      expect(lists.errors?.map(({ extensions }) => extensions.code)).toEqual(
        ['BAD_USER_INPUT', 'BAD_USER_INPUT'].slice(0, lists.errors?.length),
      );
    }
  });

  it('tells a stranger nothing, before the body is read', async () => {
    for (const body of ['{"query":"{ nonsense }"}', '{"query":', 'x'.repeat(1_000_000)]) {
      const response = await fetch(`${dramatis.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      const answer = (await response.json()) as { errors: { extensions: { code: string } }[] };
      expect([response.status, answer.errors[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
    }
  });
});

describe('with introspection off', () => {
  let closed: string;
  beforeAll(async () => {
    closed = (await dramatis.startServer({ INTROSPECTION: 'off' })).url ?? '';
  });
  const ask = (query: string, variables: object = {}, as = key) =>
    dramatis.ask(query, variables, { url: closed, key: as });

  it('tells the schema to the admin only, also when the document is known already', async () => {
    for (const query of [
      getIntrospectionQuery(),
      '{ __type(name: "Project") { name } }',
      '{ ...__schema } fragment __schema on Query { __schema { queryType { name } } }',
    ]) {
      expect((await ask(query, {}, adminKey)).status).toBe(200);
      const { status, data } = await ask(query);
      expect([status, data]).toEqual([400, undefined]);
    }
    expect((await ask('{ __typename }')).status).toBe(200);
  });

  it('suggests no names', async () => {
    const guesses: [string, object?][] = [
      ['{ projectz { id } }'],
      ['{ projects(firzt: 1) { totalCount } }'],
      ['{ projects(first: 1) { nodes { nam } } }'],
      ['query ($x: CreateProjectInpu!) { __typename }'],
      ['{ project(id: 1) { ... on Projec { id } } }'],
      ['{ __typename @inclde(if: true) }'],
      ['mutation { createProject(input: { nam: "x" }) { project { id } } }'],
      [
        'mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }',
        { input: { nam: 'x' } },
      ],
      [
        'query ($kind: ReferenceImageKind) { projects(first: 1) { nodes { characters(first: 1) { nodes { referenceImages(kind: $kind) { id } } } } } }',
        { kind: 'FACES' },
      ],
    ];
    for (const [query, variables] of guesses) {
      const told = JSON.stringify(await ask(query, variables));
      expect(told).not.toMatch(/Did you mean/);
      expect(JSON.stringify(await dramatis.ask(query, variables, { key }))).toMatch(
        /Did you mean|Unknown|must not/,
      );
    }
  });
});
