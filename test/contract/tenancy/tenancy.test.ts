import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import type { Client } from 'graphql-ws';
import { createSchema } from '../../../src/server/schema.ts';
import { Dramatis, picture } from '../../support/dramatis.ts';
import { mutate } from '../../support/people.ts';
import { isThorough } from '../../support/thorough.ts';
import { returnings, type Taking, takings } from './places.ts';
import { buildWorld, canary, type Ids, type ViewerName, viewers, type World } from './world.ts';

/*
 * Every field and argument that takes or returns an id, found by looking at the schema, for every kind of viewer, over
 * both transports. A new one without an entry in places.ts fails here.
 */
let dramatis: Dramatis;
let schema: GraphQLSchema;
let target: World;
/** A person who owns another project, and is not a member of the target. */
let stranger: World;
const clients = new Map<ViewerName, Client>();

beforeAll(async () => {
  schema = await createSchema();
  const plenty = { COST_BURST: '100000000', AUTH_FAILURES_PER_MINUTE: '1000000', WS_MAX_SOCKETS: '1000' };
  dramatis = await Dramatis.start({ environment: plenty });
  [target, stranger] = [await buildWorld(dramatis, 'target'), await buildWorld(dramatis, 'stranger')];
});
afterAll(() => dramatis.stop());

/** The ways into an argument to every id in it: `input.source.imageId`. */
function idsIn(argument: GraphQLArgument | GraphQLInputField): string[] {
  const type = getNamedType(argument.type);
  if (type.name === 'ID') return [argument.name];
  if (!isInputObjectType(type)) return [];
  return Object.values(type.getFields()).flatMap((field) =>
    idsIn(field).map((path) => `${argument.name}.${path}`),
  );
}

function objectTypes() {
  return Object.values(schema.getTypeMap()).filter(
    (type) => isObjectType(type) && !type.name.startsWith('__'),
  );
}

function placesThatTake(): string[] {
  return objectTypes().flatMap((type) =>
    isObjectType(type)
      ? Object.values(type.getFields()).flatMap((field) =>
          field.args.flatMap((argument) =>
            idsIn(argument).map((path) => `${type.name}.${field.name}(${path})`),
          ),
        )
      : [],
  );
}

/** Pages and payloads are wrappers: what is in them comes of the field that returned them. */
function isWrapper(name: string): boolean {
  return /(Connection|Edge|Payload)$/.test(name);
}

function hasId(name: string): boolean {
  const type = schema.getType(name);
  if (name === 'ID') return true;
  if (isWrapper(name) && isObjectType(type)) {
    const inner = type.getFields().nodes ?? type.getFields().node;
    return inner !== undefined && hasId(getNamedType(inner.type).name);
  }
  return (isObjectType(type) || isInterfaceType(type)) && type.getFields().id !== undefined;
}

function placesThatReturn(): string[] {
  return objectTypes().flatMap((type) =>
    isObjectType(type) && !isWrapper(type.name) && type.name !== 'Mutation'
      ? Object.values(type.getFields())
          .filter((field) => hasId(getNamedType(field.type).name))
          .map((field) => `${type.name}.${field.name}`)
      : [],
  );
}

interface Told {
  readonly data?: unknown;
  readonly errors?: readonly {
    message: string;
    path?: readonly unknown[];
    extensions?: { code?: unknown };
  }[];
}

function keyOf(viewer: ViewerName): string | undefined {
  if (viewer === 'none') return undefined;
  return viewer === 'stranger' ? stranger.people.OWNER.key : target.people[viewer].key;
}

async function overHttp(viewer: ViewerName, query: string): Promise<Told> {
  const key = keyOf(viewer);
  const response = await fetch(`${dramatis.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as Told;
}

async function overWebsocket(viewer: ViewerName, query: string): Promise<Told> {
  const client = clients.get(viewer) ?? dramatis.connect({ key: keyOf(viewer) ?? '' });
  if (viewer !== 'none' && viewer !== 'revoked') clients.set(viewer, client);
  try {
    const first = await client.iterate({ query }).next();
    return (first.value as Told | undefined) ?? {};
  } catch (error) {
    if (Array.isArray(error)) return { errors: error };
    const { code } = error as { code?: number };
    return {
      errors: [{ message: '', extensions: { code: code === 4403 ? 'UNAUTHENTICATED' : `closed ${code}` } }],
    };
  }
}

const transports = { HTTP: overHttp, WebSocket: overWebsocket };
type Transport = keyof typeof transports;

/** `OK`, the code of the first error, or that of the first user error. */
function outcome({ data, errors }: Told): string {
  if (errors?.[0]) return String(errors[0].extensions?.code);
  const payload = Object.values(
    (data ?? {}) as Record<string, { userErrors?: { code: string }[] } | null>,
  )[0];
  return payload?.userErrors?.[0]?.code ?? 'OK';
}

/** What a viewer gives: members the target's ids, the stranger their own but for the one in question. */
function idsFor(viewer: ViewerName, { id }: Pick<Taking, 'id'>, given: Ids): Ids {
  return viewer === 'stranger' ? { ...stranger.ids, [id]: given[id] } : given;
}

function isOutside(viewer: ViewerName): boolean {
  return viewer === 'none' || viewer === 'revoked' || viewer === 'stranger';
}

const isByResolvers = process.env.TEST_EXECUTOR === 'graphql-js';
/**
 * What the resolvers answer does not depend on the transport. So a run by resolvers asks them over WebSocket only when it is
 * thorough.
 */
const isAsked = (name: string, transport: Transport) =>
  transport === 'HTTP' || name.startsWith('Subscription.') || isThorough || !isByResolvers;
const cells = (names: readonly string[]) =>
  names.flatMap((name) =>
    (['HTTP', 'WebSocket'] as const).flatMap((transport) =>
      isAsked(name, transport) ? [[name, transport] as const] : [],
    ),
  );

it('knows every place in the schema that takes or returns an id, and no other', () => {
  expect(Object.keys(takings()).sort()).toEqual(placesThatTake().sort());
  expect(Object.keys(returnings()).sort()).toEqual(placesThatReturn().sort());
});

describe.each(cells(Object.keys(takings())))('%s over %s', (name, transport: Transport) => {
  const place = takings()[name] as Taking;
  const isSubscription = name.startsWith('Subscription.');

  it.each(viewers)('%s gets what is theirs', async (viewer) => {
    const expected = place.expected[viewer];
    const isWithin = !['none', 'stranger', 'revoked'].includes(viewer);
    const ids = { ...target.ids, ...(isWithin ? await place.before?.(dramatis, target.ids) : {}) };
    const told = await transports[transport](viewer, place.operation(idsFor(viewer, place, ids)));
    const got = outcome(told);
    if (isSubscription && transport === 'HTTP') {
      expect(got).toBe(expected === 'UNAUTHENTICATED' ? expected : 'BAD_REQUEST');
      return;
    }
    expect([viewer, got === place.passes ? 'OK' : got]).toEqual([viewer, expected]);
    if (isOutside(viewer)) expect(JSON.stringify(told)).not.toContain(canary('target'));
    if (expected === 'OK') await place.after?.(dramatis, ids);
  });

  it('shows a stranger no difference between another’s id, a random one and a malformed one', async () => {
    if (isSubscription && transport === 'HTTP') return;
    const real = target.ids[place.id];
    const type = Buffer.from(real, 'base64url').toString().split(':')[0];
    const random = Buffer.from(`${type}:0192f0c1-2222-7333-8444-555555555555`).toString('base64url');
    const answers = [];
    for (const id of [
      real,
      random,
      'nonsense',
      '',
      `${real}=`,
      Buffer.from('Project:1').toString('base64url'),
    ]) {
      const { data, errors } = await transports[transport](
        'stranger',
        place.operation({ ...stranger.ids, [place.id]: id }),
      );
      answers.push(JSON.stringify({ data, errors }));
    }
    expect(new Set(answers).size).toBe(1);
  });
});

describe.each(cells(Object.keys(returnings())))('%s over %s', (name, transport: Transport) => {
  const place = returnings()[name];
  it.each(viewers)('%s gets what is theirs', async (viewer) => {
    if (!place) throw new Error(name);
    const query = place.operation(target.ids);
    const told = await transports[transport](viewer, query);
    const expected = place.expected[viewer];
    if (query.startsWith('subscription') && transport === 'HTTP') {
      expect(outcome(told)).toBe(expected === 'UNAUTHENTICATED' ? expected : 'BAD_REQUEST');
      return;
    }
    expect([viewer, outcome(told)]).toEqual([viewer, expected]);
    // Whatever a stranger gets, nothing of the target is in it.
    if (!isOutside(viewer)) return;
    expect(JSON.stringify(told)).not.toContain(canary('target'));
    for (const id of Object.values(target.ids)) expect(JSON.stringify(told.data ?? null)).not.toContain(id);
  });
});

it.each(
  Object.keys(takings()).filter(
    (name) => /Reference|imageId|referenceImageId/.test(name) && !/characterId|removeReference/.test(name),
  ),
)(
  '%s cannot be mixed with another project, nor with another character, by those who may see both',
  async (name) => {
    const place = takings()[name] as Taking;
    const mixed = await dramatis.ask(
      place.operation({ ...stranger.ids, [place.id]: target.ids[place.id] }),
      {},
      target.people.admin,
    );
    expect([name, outcome(mixed)]).toEqual([name, 'NOT_FOUND']);
    if (place.id !== 'referenceImage') return;
    const other = await mutate(
      dramatis,
      target.people.OWNER,
      'createCharacter',
      { projectId: target.ids.project, name: 'Other' },
      'character { id }',
    );
    const within = await dramatis.ask(
      place.operation({ ...target.ids, character: other.character.id }),
      {},
      target.people.OWNER,
    );
    expect([name, outcome(within)]).toEqual([name, 'NOT_FOUND']);
  },
);

it('lists hold what is of their project, and nothing that is newer in another', async () => {
  const late = await buildWorld(dramatis, 'late');
  const lists = `projects(first: 100) { nodes { id } } project(id: "${target.ids.project}") {
    members(first: 100) { totalCount nodes { id user { email } } } invitations(first: 100) { totalCount nodes { id } }
    apiKeys(first: 100) { totalCount nodes { id } } auditLog(first: 100) { totalCount nodes { targetId } }
    characters(first: 100) { totalCount nodes { id } } generations(first: 100) { totalCount nodes { id } }
    budgets(first: 100) { totalCount nodes { id } } budgetAlerts(first: 100) { totalCount nodes { id payload } }
    ledger(first: 100) { totalCount nodes { generationId } } }
    character(id: "${target.ids.character}") { referenceImages(first: 100) { id } generations(first: 100) { totalCount nodes { id } } }
    generation(id: "${target.ids.generation}") { images { id } }`;
  const { data, errors } = await dramatis.ask<{ project: Record<string, { totalCount: number }> }>(
    `{ ${lists} }`,
    {},
    target.people.OWNER,
  );
  expect(errors).toBeUndefined();
  const counted = await dramatis.database.query(
    `SELECT (SELECT count(*) FROM members WHERE project_id = p.id)::int AS members, (SELECT count(*) FROM invitations WHERE project_id = p.id)::int AS invitations,
       (SELECT count(*) FROM api_keys WHERE project_id = p.id)::int AS "apiKeys", (SELECT count(*) FROM audit_entries WHERE project_id = p.id)::int AS "auditLog",
       (SELECT count(*) FROM characters WHERE project_id = p.id)::int AS characters, (SELECT count(*) FROM generations WHERE project_id = p.id)::int AS generations,
       (SELECT count(*) FROM budgets WHERE project_id = p.id AND removed_at IS NULL)::int AS budgets,
       (SELECT count(*) FROM budget_alerts WHERE project_id = p.id)::int AS "budgetAlerts", (SELECT count(*) FROM ledger_entries WHERE project_id = p.id)::int AS ledger
     FROM projects p WHERE name = 'target'`,
  );
  const told = Object.entries(data.project).map(([name, { totalCount }]) => [name, totalCount]);
  expect(Object.fromEntries(told)).toEqual(counted[0]);
  for (const id of [...Object.values(late.ids), ...Object.values(stranger.ids)])
    expect(JSON.stringify(data)).not.toContain(id);
});

it('uploads open for the same people', async () => {
  const bytes = new Uint8Array(await picture('#0a0'));
  const statuses: Record<string, number> = {};
  for (const viewer of viewers) {
    const key = keyOf(viewer);
    const response = await fetch(`${dramatis.url}/images?projectId=${target.ids.project}`, {
      method: 'POST',
      headers: { 'content-type': 'image/png', ...(key ? { authorization: `Bearer ${key}` } : {}) },
      body: bytes,
    });
    statuses[viewer] = response.status;
  }
  expect(statuses).toEqual({
    none: 401,
    stranger: 404,
    VIEWER: 403,
    EDITOR: 201,
    OWNER: 201,
    key: 201,
    revoked: 401,
    admin: 201,
  });
});
