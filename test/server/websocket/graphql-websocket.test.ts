import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { WebSocket } from 'ws';
import { boot, type Running } from '../../../src/boot.ts';
import { createLogger } from '../../../src/logger.ts';
import { readConfig } from '../../../src/settings/config.ts';
import { Dramatis } from '../../support/dramatis.ts';
import { fillLibrary, libraryQuery, projectOf } from '../../support/library.ts';
import { apiKey, team, token } from '../../support/people.ts';

let dramatis: Dramatis;
/** A server of its own, whose log is read. */
let server: Running;
let url = '';
let logged: string[] = [];
const variables = { projectId: '' };
const keys = { admin: '', owner: '', stranger: '', service: '' };
beforeAll(async () => {
  dramatis = await Dramatis.start({ servers: 0, environment: { COST_BURST: '100000' } });
  const config = readConfig({ ...dramatis.environment, DATABASE_TIMEOUT_MS: '1000' });
  server = await boot(config, createLogger('debug', { write: (line) => void logged.push(line) }));
  dramatis.onStop(() => server.stop());
  url = server.url ?? '';
  dramatis.url = url;
  const library = await fillLibrary(dramatis.database);
  const { owner } = await team(dramatis);
  keys.admin = config.ADMIN_API_KEY ?? '';
  keys.owner = owner.key;
  keys.stranger = await token('a stranger');
  await dramatis.database.query(
    "INSERT INTO members (id, project_id, user_id, role) SELECT gen_random_uuid(), $1, id, 'OWNER' FROM users WHERE subject = 'olivia'",
    [library.projectId],
  );
  variables.projectId = projectOf(library);
  keys.service = (await apiKey(dramatis, owner, variables.projectId, { role: 'VIEWER' })).key;
});
afterAll(() => dramatis.stop());

interface Operation {
  readonly query: string;
  readonly variables?: object;
  readonly operationName?: string;
}

/** The payload of the first message that answers an operation on a socket of its own, as text. */
async function overSocket(key: string, operation: Operation): Promise<string> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const answer = await new Promise<string>((resolve, reject) => {
    socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } })),
    );
    socket.on('message', (bytes) => {
      const text = String(bytes);
      const { type } = JSON.parse(text);
      if (type === 'connection_ack')
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: operation }));
      if (type === 'next' || type === 'error')
        resolve(text.slice(text.indexOf('"payload":') + '"payload":'.length, -1));
    });
  });
  socket.close();
  return answer;
}

async function overHttp(key: string, operation: Operation): Promise<string> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(operation),
  });
  return (await response.text()).trimEnd();
}

/** What a client uses of an answer: the text of the data, the errors, and the points. The points left differ by time. */
function partsOf(answer: string) {
  const { data, errors, extensions } = JSON.parse(answer);
  return { data: JSON.stringify(data), errors, points: extensions?.cost.requested };
}

const operations: [what: string, operation: Omit<Operation, 'variables'> & { variables?: object }][] = [
  ['the library query', { query: libraryQuery }],
  [
    'aliases, fragments and conditions',
    {
      query: `query ($projectId: ID!, $isLong: Boolean = false) { __typename one: project(id: $projectId) { ...Name id @skip(if: $isLong) }
      two: project(id: $projectId) { ...Name createdAt @include(if: $isLong) } } fragment Name on Project { name }`,
    },
  ],
  [
    'a named operation among others',
    {
      query: 'query One($projectId: ID!) { project(id: $projectId) { id } } query Two { __typename }',
      operationName: 'Two',
    },
  ],
  ['a project that does not exist', { query: '{ project(id: "UHJvamVjdDpub25l") { name } }' }],
  [
    'a wrong cursor',
    {
      query:
        'query ($projectId: ID!) { project(id: $projectId) { name characters(first: 2, after: "none") { nodes { id } } } }',
    },
  ],
  ['a missing variable', { query: libraryQuery, variables: {} }],
  ['fields that are not compiled', { query: '{ viewer { kind } projects(first: 3) { nodes { name } } }' }],
  [
    'a mutation',
    {
      query:
        'mutation ($projectId: ID!) { createCharacter(input: { projectId: $projectId, name: "" }) { userErrors { code path } } }',
    },
  ],
];

describe.each(operations)('%s', (_, operation) => {
  it.each(['admin', 'owner', 'stranger', 'service'] as const)(
    'has the same data, errors and points over a socket as over HTTP, for %s',
    async (who) => {
      const asked = { variables, ...operation };
      const over = partsOf(await overHttp(keys[who], asked));
      expect(partsOf(await overSocket(keys[who], asked))).toEqual(over);
    },
  );
});

it('a query over a socket is answered by its plan, and by the resolvers only when the plan gives up', async () => {
  const planned = { query: libraryQuery, variables };
  const cursor = libraryQuery.replace('characters(first: 50)', 'characters(first: 50, after: "none")');
  const givenUp = () => logged.filter((line) => line.includes('a plan was given up')).length;
  logged = [];
  await overSocket(keys.owner, planned);
  expect(givenUp()).toBe(0);
  expect(JSON.parse(await overSocket(keys.owner, { query: cursor, variables })).errors).toHaveLength(1);
  expect(givenUp()).toBe(1);
});

it('a database that does not answer is an error without data, as over HTTP', async () => {
  const client = new pg.Client({ connectionString: dramatis.database.url });
  await client.connect();
  await client.query('BEGIN; LOCK TABLE characters IN ACCESS EXCLUSIVE MODE');
  try {
    const asked = { query: libraryQuery, variables };
    const [socket, http] = await Promise.all([overSocket(keys.admin, asked), overHttp(keys.admin, asked)]);
    expect(JSON.parse(http).errors[0].extensions.code).toBe('SERVICE_UNAVAILABLE');
    const [{ data, errors }, expected] = [partsOf(socket), partsOf(http)];
    expect({ data, errors }).toEqual({ data: expected.data, errors: expected.errors });
  } finally {
    await client.end();
  }
});
