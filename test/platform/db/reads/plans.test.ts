import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type GraphQLSchema, getNamedType, isObjectType } from 'graphql';
import pg from 'pg';
import { z } from 'zod';
import { toGlobalId } from '../../../../src/platform/reads/global-id.ts';
import { encodeCursor } from '../../../../src/platform/reads/page.ts';
import { createSchema } from '../../../../src/server/schema.ts';
import { adminKey, Dramatis } from '../../../support/dramatis.ts';
import { token } from '../../../support/people.ts';
import { fillVolume, largeTables, volumeProjectId } from '../../../support/volume.ts';

/*
 * Every list of the API is read from a database with a hundred thousand runs, by each executor; each statement that this
 * makes the server send is looked at once more, with the very values, by EXPLAIN.
 */
interface Sent {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A node of a plan; members have Postgres' own names. */
const planNode = z.looseObject({
  'Node Type': z.string(),
  'Relation Name': z.string().optional(),
  'Rows Removed by Filter': z.number().default(0),
  'Actual Rows': z.number().default(0),
  'Actual Loops': z.number().default(0),
  get Plans() {
    return z.array(planNode).default([]);
  },
});
type PlanNode = z.output<typeof planNode>;

const sent: Sent[] = [];
const { query } = pg.Client.prototype;
let dramatis: Dramatis;
let schema: GraphQLSchema;
let owner: string;
let referenceUrl: string;
let characterId: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { ROLE: 'api', COST_BURST: '100000000' } });
  referenceUrl = (await dramatis.startServer({ EXECUTOR: 'graphql-js', COST_BURST: '100000000' })).url ?? '';
  schema = await createSchema();
  owner = await token('olivia');
  await dramatis.ask('{ __typename }', {}, { key: owner });
  const [user] = await dramatis.database.query("SELECT id::text AS id FROM users WHERE subject = 'olivia'");
  await fillVolume(dramatis.database, { userId: String(user?.id) });
  await spreadValues();
  const [character] = await dramatis.database.query(
    'SELECT id::text AS id FROM characters WHERE project_id = $1 LIMIT 1',
    [volumeProjectId],
  );
  characterId = toGlobalId('Character', String(character?.id));
  pg.Client.prototype.query = function record(this: pg.Client, ...args: unknown[]) {
    const [first, second] = args;
    if (typeof first === 'string') sent.push({ text: first, values: Array.isArray(second) ? second : [] });
    else if (isConfig(first)) sent.push({ text: first.text, values: first.values ?? [] });
    return Reflect.apply(query, this, args);
  };
}, 180_000);
afterAll(async () => {
  pg.Client.prototype.query = query;
  await dramatis.stop();
});

/** Gives one row of twenty a value that the others do not have: enough to sort, and too few to come across. */
async function spreadValues(): Promise<void> {
  for (const change of [
    `UPDATE generations SET status = 'FAILED', failure_code = 'PROVIDER_FAILED', failure_message = 'No.', failure_retryable = true
     WHERE status = 'COMPLETED' AND abs(hashtext(id::text)) % 20 = 0`,
    "UPDATE ledger_entries SET kind = 'RELEASE', debit = 'AVAILABLE', credit = 'HELD' WHERE id % 20 = 0",
    "UPDATE audit_entries SET action = 'API_KEY_CREATED' WHERE sequence % 20 = 0",
    "UPDATE audit_entries SET action = 'MEMBER_INVITED' WHERE sequence % 20 = 1",
  ])
    await dramatis.database.query(`BEGIN; SET LOCAL session_replication_role = replica; ${change}; COMMIT`);
  await dramatis.database.query('VACUUM (ANALYZE) generations, ledger_entries, audit_entries');
}

function isConfig(given: unknown): given is Sent {
  return typeof given === 'object' && given !== null && 'text' in given && typeof given.text === 'string';
}

/** The connections of a type, by name. */
function connectionsOf(type: string): string[] {
  const found = schema.getType(type);
  if (!isObjectType(found)) throw new Error(`No type ${type}.`);
  return Object.values(found.getFields())
    .filter((field) => getNamedType(field.type).name.endsWith('Connection'))
    .map(({ name }) => name);
}

/** Lists that the admin alone may read. */
const ofAdmin = ['installationAuditLog'];

/** A page from each end, the next one of each, what is beside them, and how many there are. */
async function readEveryWay(url: string, wrap: (selection: string) => string, name: string, more = '') {
  const page =
    'edges { cursor node { __typename } } pageInfo { hasNextPage hasPreviousPage endCursor startCursor }';
  const ask = (args: string, selection = page) =>
    dramatis.ask(
      wrap(`${name}(${args}${more}) { ${selection} }`),
      {},
      { url, key: ofAdmin.includes(name) ? adminKey : owner },
    );
  const first = await ask('first: 5');
  expect(first.errors).toBeUndefined();
  const cursor = /"endCursor":"([^"]+)"/.exec(JSON.stringify(first.data))?.[1];
  const pages = [
    ask('last: 5'),
    ask('first: 5', `${page} totalCount`),
    ...(cursor ? [ask(`first: 5, after: "${cursor}"`), ask(`last: 5, before: "${cursor}"`)] : []),
  ];
  for (const { errors } of await Promise.all(pages)) expect(errors).toBeUndefined();
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...node.Plans.flatMap(nodesOf)];
}

/**
 * What is wrong with the plans of everything that `work` makes the server ask. No statement may read more than `mostRows` of
 * a large table.
 */
async function problemsOf(
  work: () => Promise<unknown>,
  mostRows = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  sent.length = 0;
  await work();
  const statements = new Map(
    sent.filter(({ text }) => /^\s*(SELECT|WITH)/i.test(text)).map((each) => [each.text, each]),
  );
  expect(statements.size).toBeGreaterThan(0);
  const problems: string[] = [];
  const client = new pg.Client({ connectionString: dramatis.database.url });
  await client.connect();
  try {
    for (const { text, values } of statements.values()) {
      const { rows } = await Reflect.apply(query, client, [
        `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${text}`,
        [...values],
      ]);
      const [plan] = z.array(z.object({ Plan: planNode })).parse(rows[0]['QUERY PLAN']);
      for (const node of plan ? nodesOf(plan.Plan) : []) {
        const table = node['Relation Name'] ?? '';
        if (node['Node Type'] === 'Seq Scan' && largeTables.includes(table))
          problems.push(`reads all of ${table}: ${text}`);
        const rows = node['Actual Rows'] * node['Actual Loops'];
        if (largeTables.includes(table) && rows > mostRows)
          problems.push(`reads ${rows} rows of ${table}: ${text}`);
        if (node['Rows Removed by Filter'] > 1_000)
          problems.push(`reads ${node['Rows Removed by Filter']} rows of ${table} for nothing: ${text}`);
      }
    }
  } finally {
    await client.end();
  }
  return problems;
}

const project = (selection: string) =>
  `{ project(id: "${toGlobalId('Project', volumeProjectId)}") { ${selection} } }`;
const character = (selection: string) => `{ character(id: "${characterId}") { ${selection} } }`;
const generations = (selection: string) => project(`generations(first: 20) { nodes { ${selection} } }`);
const characters = (selection: string) => project(`characters(first: 20) { nodes { ${selection} } }`);

describe('the statements of every list, at volume', () => {
  it('are found: each connection is on a type that is asked below', () => {
    const types = Object.values(schema.getTypeMap()).filter(isObjectType);
    const parents = types.filter(({ name }) => !name.startsWith('__') && connectionsOf(name).length > 0);
    expect(parents.map(({ name }) => name).sort()).toEqual([
      'Character',
      'Generation',
      'Project',
      'Query',
      'ReconciliationReport',
    ]);
  });

  it.each(['compiled', 'graphql-js'])(
    'read no large table from end to end: %s',
    async (executor) => {
      const url = executor === 'compiled' ? dramatis.url : referenceUrl;
      const problems = await problemsOf(async () => {
        for (const name of connectionsOf('Project')) await readEveryWay(url, project, name);
        for (const name of connectionsOf('Query'))
          await readEveryWay(url, (selection) => `{ ${selection} }`, name);
        for (const name of connectionsOf('Character')) {
          await readEveryWay(url, character, name);
          await readEveryWay(url, characters, name);
        }
        for (const name of connectionsOf('Generation')) await readEveryWay(url, generations, name);
      });
      expect(problems).toEqual([]);
    },
    120_000,
  );

  it('read a page of a run with many pictures without those before it', async () => {
    const many = 5_000;
    const [run] = await dramatis.database.query(
      `INSERT INTO generated_images (id, generation_id, "index", image_id)
       SELECT gen_random_uuid(), g.id, i, (SELECT id FROM images WHERE project_id = $1 LIMIT 1)
       FROM (SELECT id FROM generations WHERE project_id = $1 AND status = 'COMPLETED' LIMIT 1) g,
         generate_series(100, $2::int) i
       RETURNING generation_id::text AS id`,
      [volumeProjectId, many],
    );
    const id = toGlobalId('Generation', String(run?.id));
    const cursor = encodeCursor({ at: String(many / 2), id: '00000000-0000-4000-8000-000000000000' });
    const problems = await problemsOf(async () => {
      for (const url of [dramatis.url, referenceUrl])
        for (const args of [`first: 5, after: "${cursor}"`, `last: 5, before: "${cursor}"`]) {
          const { data, errors } = await dramatis.ask<null | {
            generation: { imagesConnection: { nodes: unknown[] } };
          }>(
            `{ generation(id: "${id}") { imagesConnection(${args}) { nodes { index } } } }`,
            {},
            { url, key: owner },
          );
          expect([data?.generation.imagesConnection.nodes.length, errors]).toEqual([5, undefined]);
        }
    });
    expect(problems).toEqual([]);
  });

  it.each([
    ['a rare status', '{ statuses: [AWAITING_APPROVAL, UNCERTAIN] }'],
    ['a batch', '{ batch: "batch 7" }'],
    ['a batch and a status', '{ batch: "batch 7", statuses: [COMPLETED] }'],
    ['a character', 'character'],
  ])('read few runs in vain for %s', async (_, filter) => {
    const chosen = filter === 'character' ? `{ characterId: "${characterId}" }` : filter;
    const problems = await problemsOf(() =>
      readEveryWay(dramatis.url, project, 'generations', `, filter: ${chosen}`),
    );
    expect(problems).toEqual([]);
  });

  it.each([
    ['generations', 'statuses: [COMPLETED]'],
    ['generations', 'statuses: [FAILED]'],
    ['generations', 'statuses: [COMPLETED, FAILED, CANCELED, UNCERTAIN]'],
    ['ledger', 'kinds: [ADJUST]'],
    ['ledger', 'kinds: [HOLD, RELEASE]'],
    ['auditLog', 'actions: [MEMBER_INVITED]'],
    ['auditLog', 'actions: [MEMBER_INVITED, API_KEY_CREATED]'],
  ])('read no more than the page by a set of values: %s, %s', async (list, filter) => {
    for (const url of [dramatis.url, referenceUrl])
      for (const end of ['first', 'last']) {
        const query = project(`${list}(${end}: 5, filter: { ${filter} }) { nodes { __typename } }`);
        const problems = await problemsOf(async () => {
          const { errors } = await dramatis.ask(query, {}, { url, key: owner });
          expect(errors).toBeUndefined();
        }, 20);
        expect(problems).toEqual([]);
      }
  });

  it('read no large table for the report beside the books', async () => {
    const lines = 'edges { cursor node { __typename } } pageInfo { hasNextPage endCursor } totalCount';
    const problems = await problemsOf(async () => {
      const { errors } = await dramatis.ask(
        `{ reconciliation(first: 5, account: "volume") { lines { ${lines} } } }`,
      );
      expect(errors).toBeUndefined();
    });
    expect(problems).toEqual([]);
  });

  it('read no large table for what hangs below lists', async () => {
    const problems = await problemsOf(async () => {
      const below = `referenceImages(first: 3) { id image { id } } generations(first: 5) { nodes {
        id images { id image { id } } character { id } project { id } ledgerEntries { id } } }`;
      for (const url of [dramatis.url, referenceUrl]) {
        const { errors } = await dramatis.ask(characters(below), {}, { url, key: owner });
        expect(errors).toBeUndefined();
      }
    });
    expect(problems).toEqual([]);
  });
});
