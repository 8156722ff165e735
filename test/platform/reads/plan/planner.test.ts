import { createSecretKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type GraphQLSchema, isObjectType, parse, validate } from 'graphql';
import { connectDatabase, type Database } from '../../../../src/platform/db/connect.ts';
import { type IdType, toGlobalId } from '../../../../src/platform/reads/global-id.ts';
import { Loaders } from '../../../../src/platform/reads/loaders.ts';
import { createPlanner } from '../../../../src/platform/reads/plan/planner.ts';
import { openReader, type Reader } from '../../../../src/platform/reads/reader.ts';
import { createSchema } from '../../../../src/server/schema.ts';
import { Documents } from '../../../support/documents.ts';
import { adminKey, Dramatis } from '../../../support/dramatis.ts';
import { createChance } from '../../../support/grammar.ts';
import { fillLibrary, type Library, libraryQuery, projectOf } from '../../../support/library.ts';

let dramatis: Dramatis;
let reference: string;
let library: Library;
let schema: GraphQLSchema;
let db: Database;
let reader: Reader;
let environment: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { ROLE: 'api' } });
  reference = (await dramatis.startServer({ EXECUTOR: 'graphql-js' })).url ?? '';
  library = await fillLibrary(dramatis.database);
  schema = await createSchema();
  db = connectDatabase(dramatis.database.url);
  reader = openReader(dramatis.database.url);
  const [known] = await dramatis.database.query('SELECT provider_environment() AS environment');
  environment = String(known?.environment);
});
afterAll(async () => {
  await db.$disconnect();
  await reader.close();
  await dramatis.stop();
});

/** The bytes of an answer; servers tell their own port in addresses of pictures. */
async function bytes(url: string, body: object): Promise<string> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const type = response.headers.get('content-type');
  return `${response.status} ${type} ${await response.text()}`.replaceAll(/127\.0\.0\.1:\d+/g, 'server');
}

async function expectSame(query: string, variables: object): Promise<string> {
  const [compiled, resolved] = await Promise.all([
    bytes(dramatis.url, { query, variables }),
    bytes(reference, { query, variables }),
  ]);
  expect({ query, answer: compiled }).toEqual({ query, answer: resolved });
  return compiled;
}

/** A key that may read one project. */
async function keyOf(projectId: string, expiresAt: string | null = null): Promise<string> {
  const { createApiKey } = await dramatis.get(
    'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret userErrors { message } } }',
    {
      input: {
        projectId: toGlobalId('Project', projectId),
        name: 'Reader',
        role: 'VIEWER',
        kind: 'SERVICE',
        expiresAt,
      },
    },
  );
  return createApiKey.secret;
}

/** A member, an invitation, a budget and its alert. */
async function fillRights(projectId: string): Promise<void> {
  const { query } = dramatis.database;
  await query(
    `WITH person AS (INSERT INTO users (id, issuer, subject, email, name) SELECT gen_random_uuid(), 'i', $1::uuid::text, 'a@b.test', 'Ada' RETURNING id)
     INSERT INTO members (id, project_id, user_id, role) SELECT gen_random_uuid(), $1::uuid, id, 'EDITOR' FROM person`,
    [projectId],
  );
  await query(
    `INSERT INTO invitations (id, project_id, email, role, token_hash, expires_at)
     SELECT gen_random_uuid(), $1::uuid, 'b@b.test', 'VIEWER', md5($1::uuid::text) || md5($1::uuid::text), now() + interval '1 day'`,
    [projectId],
  );
  await query(
    `WITH budget AS (INSERT INTO budgets (id, project_id, scope, character_id, period, cap_micros)
       SELECT gen_random_uuid(), $1::uuid, 'CHARACTER', id, 'MONTH', 5000000 FROM characters WHERE project_id = $1::uuid LIMIT 1 RETURNING id)
     INSERT INTO budget_alerts (id, project_id, budget_id, starts_at, starts_on, threshold, cap_micros, settled_micros, held_micros)
     SELECT gen_random_uuid(), $1::uuid, id, '2026-11-01Z', '2026-11-01', 80, 5000000, 4000000, 1 FROM budget`,
    [projectId],
  );
}

/** What a document's plan answers; null when the resolvers are to be asked. */
async function planned(query: string, variables: Record<string, unknown>): Promise<object | null> {
  const problems: unknown[] = [];
  const planner = createPlanner(schema, (error) => problems.push(error));
  const ctx = {
    db,
    reader,
    viewer: { kind: 'ADMIN' } as const,
    loaders: new Loaders(),
    imageSecret: createSecretKey(Buffer.alloc(32)),
    publicUrl: 'http://server',
    clock: { now: () => new Date() },
    segmind: { environment },
  };
  return planner.answer(parse(query), { operationName: null, variables }, ctx);
}

/** Whether a document is answered without a resolver's help. */
async function isPlanned(query: string, variables: Record<string, unknown>): Promise<boolean> {
  return (await planned(query, variables)) !== null;
}

it('a database that does not answer is told at once: the resolvers would wait for it once more', async () => {
  const away = openReader('postgresql://x:y@127.0.0.1:1/none');
  const present = reader;
  reader = away;
  try {
    await expect(planned(libraryQuery, { projectId: projectOf(library) })).rejects.toThrow(/ECONNREFUSED/);
  } finally {
    reader = present;
    await away.close();
  }
});

describe('the two executors', () => {
  it('give the same bytes for the library, which is compiled', async () => {
    const variables = { projectId: projectOf(library) };
    expect(await isPlanned(libraryQuery, variables)).toBe(true);
    const answer = await expectSame(libraryQuery, variables);
    expect(JSON.parse(answer.slice(answer.indexOf('{'))).data.project.characters.nodes).toHaveLength(12);
  });

  it.each([
    'characters(first: 3) { totalCount nodes { id } }',
    'characters(first: 3) { pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }',
    'characters(last: 3) { pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { name } }',
    'a: characters(first: 1) { nodes { name } } b: characters(last: 2) { edges { cursor node { name tags } } }',
    'characters(first: 12) { nodes { name referenceImages(first: 2, kind: POSE) { label image { id url width sha256 } } } }',
    'characters(first: 1) { nodes { referenceImages(first: 100, kind: null) { id } } }',
    'characters(first: 12) { nodes { referenceImagesConnection(last: 2) { totalCount edges { cursor node { kind } } } } }',
    'characters(first: 12) { nodes { generations(first: 4) { totalCount pageInfo { hasNextPage endCursor } nodes { id images { index verdict image { id } generation { id status } } } } } }',
    'generations(first: 100) { nodes { imagesConnection(first: 1) { totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { index verdict image { sha256 } } } } } }',
    'generations(first: 100) { nodes { status imagesConnection(last: 1, after: "MCAwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDA") { pageInfo { hasNextPage hasPreviousPage } nodes { index } } } }',
    'generations(first: 20) { nodes { id cost hold costSource seed parameters inferenceSeconds failure { code message retryable } outputProblems { index code message url sizeBytes sha256 contentType providerUrl } waitingFor { reason since } model { slug version } } }',
    'generations(first: 20, filter: { statuses: [COMPLETED], batch: "Cover" }) { totalCount nodes { character { name project { name archivedAt } } project { id } } }',
    'generations(first: 5, filter: { characterId: "none" }) { totalCount nodes { id } }',
    'generations(first: 20) { nodes { retryOf { id status } } }',
    'activeGenerations maxConcurrentGenerations approvalPerRun deletingAt __typename',
  ])('give the same bytes, compiled: %s', async (selection) => {
    const query = `query ($projectId: ID!) { project(id: $projectId) { ${selection} } }`;
    const variables = { projectId: projectOf(library) };
    expect(await isPlanned(query, variables)).toBe(true);
    expect(await expectSame(query, variables)).toContain('"data"');
  });

  it('give the same bytes for lists with rights of their own, which are compiled', async () => {
    const { projectId } = library;
    await keyOf(projectId);
    await fillRights(projectId);
    for (const selection of [
      'members(first: 5) { totalCount nodes { id role user { id email name } project { id name } } }',
      'invitations(first: 5) { nodes { id email status project { viewerRole } } }',
      'apiKeys(first: 5) { nodes { id name kind user { id } project { id } } }',
      'budgets(first: 5) { nodes { id cap settled held available overrun periodStartsOn periodEndsAt model { slug } character { id name } } }',
      'budgetAlerts(first: 5) { nodes { id periodStartsOn cap payload budget { id scope cap } } }',
      'ledger(first: 5) { totalCount edges { cursor node { id kind amount day at generationId } } pageInfo { hasNextPage endCursor } }',
      'ledger(last: 5, filter: { kinds: [HOLD, CHARGE], toDay: "2027-01-01" }) { totalCount nodes { id kind } pageInfo { hasPreviousPage startCursor } }',
      'auditLog(first: 5, filter: { actions: [API_KEY_CREATED, MEMBER_INVITED] }) { totalCount edges { cursor node { sequence details targetId actor { kind user { id } apiKey { name } } } } }',
      'viewerRole viewerCanGenerate viewerCanReadMembers viewerCanDelete',
      'generations(first: 3) { nodes { id requestedBy { id name } } }',
    ]) {
      const query = `{ project(id: "${toGlobalId('Project', projectId)}") { ${selection} } }`;
      expect({ query, isPlanned: await isPlanned(query, {}) }).toEqual({ query, isPlanned: true });
      const answer = await expectSame(query, {});
      expect(answer).toMatch(/"data"/);
      expect(answer).not.toMatch(/"errors"|"nodes":\[\]/);
    }
  });

  it('follow the cursors of the ledger and of the audit log to the same pages', async () => {
    for (const list of ['ledger', 'auditLog']) {
      const ask = (args: string) =>
        `{ project(id: "${projectOf(library)}") { ${list}(${args}) { edges { cursor } pageInfo { hasNextPage hasPreviousPage } } } }`;
      const [, cursor = ''] = /"cursor":"([^"]+)"/.exec(await expectSame(ask('first: 1'), {})) ?? [];
      for (const args of [
        `first: 2, after: "${cursor}"`,
        `last: 2, before: "${cursor}"`,
        `first: 1, after: "eA"`,
      ])
        await expectSame(ask(args), {});
      expect(await isPlanned(ask(`first: 2, after: "${cursor}"`), {})).toBe(true);
    }
  });

  it('give the same bytes for documents that begin with a list, or with ids of any type', async () => {
    const { projectId, characterIds } = library;
    const other = await fillLibrary(dramatis.database, { characters: 2 });
    const idsOf = async (type: IdType, from: string) => {
      const rows = await dramatis.database.query(
        `SELECT x.id::text AS id FROM ${from} ORDER BY x.id LIMIT 3`,
      );
      return rows.map(({ id }) => toGlobalId(type, String(id)));
    };
    const ids = [
      ...[...characterIds, ...other.characterIds].map((id) => toGlobalId('Character', id)),
      ...[projectId, other.projectId, projectId].map((id) => toGlobalId('Project', id)),
      ...(await idsOf('Image', 'images x')),
      ...(await idsOf('ReferenceImage', 'reference_images x')),
      ...(await idsOf('Generation', 'generations x')),
      ...(await idsOf('GeneratedImage', 'generated_images x')),
      ...(await idsOf('Budget', 'budgets x')),
      ...(await idsOf('BudgetAlert', 'budget_alerts x')),
      ...(await idsOf('Member', 'members x')),
      ...(await idsOf('Invitation', 'invitations x')),
    ];
    const of = `__typename id ... on Character { name project { id name } generations(first: 1) { totalCount nodes { id status } } }
      ... on Project { name members(first: 1) { nodes { id } } characters(first: 1) { nodes { id project { id } } } }
      ... on ReferenceImage { kind image { sha256 } } ... on GeneratedImage { index image { id } generation { id } }
      ... on Generation { status requestedBy { id } character { id } } ... on Image { width }
      ... on Budget { cap } ... on BudgetAlert { budget { id } } ... on Member { user { id } } ... on Invitation { invited: status }`;
    for (const query of [
      `{ nodes(ids: ${JSON.stringify(ids)}) { ${of} } }`,
      '{ nodes(ids: []) { id } }',
      ...ids.map((id) => `{ node(id: "${id}") { ${of} } }`),
      `{ projects(first: 10) { totalCount edges { cursor node { id viewerRole characters(first: 2) { nodes { id project { id }
        referenceImages { image { sha256 } } generations(first: 1) { nodes { id requestedBy { id } } } } } } } pageInfo { hasNextPage } } }`,
      '{ installationAuditLog(first: 3) { totalCount nodes { sequence action actor { kind user { id } } } } }',
    ]) {
      expect({ query, isPlanned: await isPlanned(query, {}) }).toEqual({ query, isPlanned: true });
      expect(await expectSame(query, {})).not.toContain('"errors"');
    }
    const missing = toGlobalId('Character', '00000000-0000-4000-8000-000000000000');
    for (const query of [
      `{ nodes(ids: ["${ids[0]}", "${missing}", "x"]) { id } }`,
      `{ node(id: "${missing}") { id } }`,
      `{ nodes(ids: ${JSON.stringify(Array(101).fill(ids[0]))}) { id } }`,
    ])
      expect(await expectSame(query, {})).toContain('"errors"');
  });

  it('refuse a key the objects of another project, also among its own', async () => {
    const other = await fillLibrary(dramatis.database, { characters: 1 });
    const key = await keyOf(library.projectId);
    const ids = [library.characterIds[0], other.characterIds[0]].map((id) =>
      toGlobalId('Character', id ?? ''),
    );
    const [foreign] = await dramatis.database.query(
      'SELECT r.id::text AS id FROM reference_images r JOIN characters c ON c.id = r.character_id WHERE c.project_id = $1',
      [other.projectId],
    );
    const picture = foreign && toGlobalId('ReferenceImage', String(foreign.id));
    for (const query of [
      `{ nodes(ids: ${JSON.stringify(ids)}) { id ... on Character { name } } }`,
      `{ nodes(ids: ${JSON.stringify([ids[0], picture ?? ids[1]])}) { id } }`,
      `{ project(id: "${projectOf(library)}") { name members(first: 1) { nodes { id } } } }`,
      `{ project(id: "${projectOf(library)}") { name auditLog(first: 1) { nodes { sequence } } } }`,
      '{ projects(first: 5) { totalCount nodes { name apiKeys(first: 1) { nodes { id } } } } }',
    ]) {
      const answers = await Promise.all(
        [dramatis.url, reference].map((url) => dramatis.ask(query, {}, { url, key })),
      );
      const [compiled, resolved] = answers.map(({ data, errors }) => ({
        data,
        codes: errors?.map(({ extensions }) => extensions.code),
      }));
      expect(compiled).toEqual(resolved);
      expect(compiled?.codes).toHaveLength(1);
    }
  });

  it.each([
    '{ viewer { kind expiresAt } }',
    '{ me: viewer { __typename kind } again: viewer { expiresAt } }',
  ])('give the same bytes for the viewer, compiled: %s', async (query) => {
    expect(await isPlanned(query, {})).toBe(true);
    expect(await expectSame(query, {})).toContain('"ADMIN"');
    const key = await keyOf(library.projectId, '2099-12-31T00:00:00.000Z');
    const [compiled, resolved] = await Promise.all(
      [dramatis.url, reference].map((url) => dramatis.ask(query, {}, { url, key })),
    );
    expect(compiled?.data).toEqual(resolved?.data);
    expect(JSON.stringify(compiled)).toContain('"2099-12-31T00:00:00.000Z"');
  });

  it.each([
    ['a list without a size', '{ characters { nodes { id } } }'],
    ['two sizes', '{ characters(first: 1, last: 1) { nodes { id } } }'],
    [
      'a page that is too large, for each character',
      '{ characters(first: 3) { nodes { generations(first: 101) { nodes { id } } } } }',
    ],
    [
      'a cursor that is none, for runs that have pictures and runs that have not',
      '{ generations(first: 20) { nodes { imagesConnection(first: 1, after: "x") { nodes { id } } } } }',
    ],
    ['a cursor that is none', '{ characters(first: 1, after: "x") { nodes { id } } }'],
    [
      'a picture that is too small',
      '{ characters(first: 3) { nodes { referenceImages(first: 1) { image { url(width: 1) } } } } }',
    ],
  ])('say the same about %s', async (_, selection) => {
    const query = `query ($projectId: ID!) { project(id: $projectId) ${selection} }`;
    expect(await expectSame(query, { projectId: projectOf(library) })).toContain('"errors"');
  });

  it.each([
    [
      'a stranger’s or a missing project',
      { projectId: toGlobalId('Project', '00000000-0000-4000-8000-000000000000') },
    ],
    ['an id of another type', { projectId: toGlobalId('Character', '00000000-0000-4000-8000-000000000000') }],
    ['what is no id', { projectId: 'nonsense' }],
    ['a variable that is missing', {}],
    ['a variable of the wrong type', { projectId: { a: 1 } }],
  ])('say the same about %s', async (_, variables) => {
    expect(await expectSame(libraryQuery, variables)).toContain('"errors"');
  });

  it('tell nothing of another project, also where a row leads there', async () => {
    const other = await fillLibrary(dramatis.database, { characters: 1 });
    const { projectId, characterIds } = library;
    const [foreign] = await dramatis.database.query('SELECT id FROM images WHERE project_id = $1 LIMIT 1', [
      other.projectId,
    ]);
    await dramatis.database.query(
      `INSERT INTO reference_images (id, character_id, image_id, kind, created_at)
       VALUES (gen_random_uuid(), $1, $2, 'FACE', now())`,
      [characterIds[6], foreign?.id],
    );
    const key = await keyOf(projectId);
    const query = `{ character(id: "${toGlobalId('Character', characterIds[6] ?? '')}") { referenceImages { image { sha256 } } } }`;
    const answers = await Promise.all(
      [dramatis.url, reference].map((url) => dramatis.ask(query, {}, { url, key })),
    );
    for (const { errors } of answers) expect(errors?.[0]?.extensions.code).toBe('NOT_FOUND');
    await dramatis.database.query('DELETE FROM reference_images WHERE image_id = $1', [foreign?.id]);
  });

  it('have the same length for a list whose length is null: the one that the resolver has for it', async () => {
    const query =
      'query ($id: ID!, $count: Int) { character(id: $id) { referenceImages(first: $count) { id } } }';
    const [characterId = ''] = library.characterIds;
    await dramatis.database.query(
      `INSERT INTO reference_images (id, character_id, image_id, kind, created_at)
       SELECT gen_random_uuid(), $1, (SELECT id FROM images WHERE project_id = $2 LIMIT 1), 'FACE', now()
       FROM generate_series(1, 30)`,
      [characterId, library.projectId],
    );
    const id = toGlobalId('Character', characterId);
    const answer = await expectSame(query, { id, count: null });
    expect(answer.match(/"id"/g)).toHaveLength(20);
    const unsaid = `{ character(id: "${id}") { referenceImages(first: null) { id } } }`;
    await expectSame(unsaid, {});
    expect(await isPlanned(unsaid, {})).toBe(true);
    expect(await expectSame(query, { id })).toBe(answer);
  });

  it.each([
    '{ character(id: $id) { id name @include(if: $yes) } }',
    '{ character(id: $id) @skip(if: $yes) { id } }',
  ])('say the same about a condition that is null: %s', async (selection) => {
    const id = toGlobalId('Character', library.characterIds[0] ?? '');
    const query = `query ($id: ID!, $yes: Boolean = true) ${selection}`;
    expect(await expectSame(query, { id, yes: null })).toContain('must not be null');
    expect(await expectSame(query, { id })).toContain('"data"');
  });

  it.each(['__proto__', 'constructor'])('spread a fragment called %s', async (name) => {
    const query = `query ($id: ID!) { character(id: $id) { ...${name} } } fragment ${name} on Character { name }`;
    const variables = { id: toGlobalId('Character', library.characterIds[0] ?? '') };
    expect(await isPlanned(query, variables)).toBe(true);
    expect(await expectSame(query, variables)).toContain('"name"');
  });

  it('give the same bytes for a member called __proto__, which is not compiled', async () => {
    const id = toGlobalId('Character', library.characterIds[0] ?? '');
    for (const query of [
      `{ character(id: "${id}") { __proto__: name id } }`,
      `{ character(id: "${id}") { generations(first: 1) { __proto__: totalCount } project { id } } }`,
      `{ __proto__: character(id: "${id}") { id } }`,
      `{ project(id: "${projectOf(library)}") { generations(first: 1) { nodes { model { __proto__: slug version } } } } }`,
    ]) {
      expect(await isPlanned(query, {})).toBe(false);
      expect(await expectSame(query, {})).toContain('"__proto__":');
    }
  });

  it('never pass over a resolver that does not say what it reads, also where there is such a column', async () => {
    const query = 'query ($id: ID!) { character(id: $id) { name } }';
    const variables = { id: toGlobalId('Character', library.characterIds[0] ?? '') };
    expect(await isPlanned(query, variables)).toBe(true);
    const type = schema.getType('Character');
    const name = isObjectType(type) ? type.getFields().name : undefined;
    if (!name) throw new Error('Characters have no names.');
    name.resolve = () => 'another name';
    expect(await isPlanned(query, variables)).toBe(false);
    name.resolve = undefined;
  });

  it('merge namesakes, spread fragments and decide conditions in the same order', async () => {
    const query = `query ($id: ID!, $yes: Boolean!) {
      character(id: $id) { b: name ...A ... @include(if: $yes) { z: tags id } generations(first: 2) { nodes { id } } }
      second: character(id: $id) { ...A @skip(if: $yes) name } }
      fragment A on Character { ... on Node { id } a: id generations(first: 2) { nodes { status } edges { cursor } } }`;
    const id = toGlobalId('Character', library.characterIds[5] ?? '');
    for (const yes of [true, false]) {
      expect(await isPlanned(query, { id, yes })).toBe(true);
      await expectSame(query, { id, yes });
    }
  });

  it('give the same bytes for a hundred documents drawn at random', async () => {
    const chance = createChance(5);
    const cursorsIn = async (selection: string) => {
      const answer = await expectSame(`{ project(id: "${projectOf(library)}") { ${selection} } }`, {});
      return [...answer.matchAll(/"cursor":"([^"]+)"/g)].flatMap(([, cursor]) => (cursor ? [cursor] : []));
    };
    const cursors = await cursorsIn(
      'characters(first: 20) { edges { cursor node { generations(first: 5) { edges { cursor } } } } }',
    );
    const numberCursors = await cursorsIn(
      'generations(first: 100) { nodes { imagesConnection(first: 2) { edges { cursor } } } }',
    );
    expect(numberCursors.length).toBeGreaterThan(2);
    const characterIds = library.characterIds.map((id) => toGlobalId('Character', id));
    const documents = new Documents(schema, chance, { cursors, numberCursors, characterIds });
    let planned = 0;
    for (let drawn = 0; drawn < 100; drawn += 1) {
      const query = documents.draw(2 + Math.floor(chance() * 4));
      expect({
        query,
        problems: validate(schema, parse(query)).filter(({ message }) => !/never used/.test(message)),
      }).toEqual({ query, problems: [] });
      const used = query.replace(/^query Drawn\([^)]*\)/, '');
      const declared = [
        '$projectId: ID!',
        '$yes: Boolean!',
        '$no: Boolean = false',
        '$count: Int = 2',
        '$cursor: String',
      ].filter((each) => used.includes(each.slice(0, each.indexOf(':'))));
      const text = `query Drawn(${declared.join(', ')})${used}`;
      const variables = {
        projectId: projectOf(library),
        yes: chance() < 0.5,
        cursor: cursors[Math.floor(chance() * cursors.length)],
      };
      await expectSame(text, variables);
      if (await isPlanned(text, variables)) planned += 1;
    }
    expect(planned).toBeGreaterThan(30);
  }, 120_000);
});
