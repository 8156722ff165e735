import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type NodeType,
  nodeTypes,
  parseGlobalId,
  toGlobalId,
} from '../../../src/platform/reads/global-id.ts';
import { buildWorld, type World } from '../../contract/tenancy/world.ts';
import { Dramatis } from '../../support/dramatis.ts';
import { type Person, token } from '../../support/people.ts';

let dramatis: Dramatis;
let world: World;
let stranger: Person;
let ids: Map<NodeType, string>;
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { COST_BURST: '1000000' } });
  world = await buildWorld(dramatis, 'nodes');
  stranger = { key: await token('nodes-stranger') };
  const all = Object.values(world.ids).map((id) => [parseGlobalId(id)?.type, id] as const);
  ids = new Map(nodeTypes.map((type) => [type, all.find(([each]) => each === type)?.[1] ?? '']));
});
afterAll(() => dramatis.stop());

const ask = (id: string, who: Person) =>
  dramatis.ask('query ($id: ID!) { node(id: $id) { __typename id } }', { id }, who);
const askAll = (all: readonly string[], who: Person = world.people.OWNER) =>
  dramatis.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { ids: all }, who);
const refusals = ({ errors = [] }: Awaited<ReturnType<typeof ask>>) =>
  errors.map(({ message, extensions }) => [extensions.code, message]);

describe('node', () => {
  it.each(nodeTypes)('finds a %s by its id, for the owner', async (type) => {
    const id = ids.get(type) ?? '';
    const { data, errors } = await ask(id, world.people.OWNER);
    expect([errors, data]).toEqual([undefined, { node: { __typename: type, id } }]);
  });

  it.each(nodeTypes)('says of a %s to a stranger what it says of an id that is none', async (type) => {
    const none = refusals(await ask('nonsense', stranger));
    expect(none).toEqual([['NOT_FOUND', expect.any(String)]]);
    expect(refusals(await ask(ids.get(type) ?? '', stranger))).toEqual(none);
    // Also to those who may see much, of what there is not.
    expect(refusals(await ask(toGlobalId(type, randomUUID()), world.people.admin))).toEqual(none);
  });

  it.each(nodeTypes)('shows a %s to a viewer, or says that the role is too small', async (type) => {
    const forOthers: readonly NodeType[] = ['Invitation', 'ApiKey', 'Budget', 'BudgetAlert'];
    const { data, errors } = await ask(ids.get(type) ?? '', world.people.VIEWER);
    if (forOthers.includes(type)) expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    else expect(data.node.__typename).toBe(type);
  });

  it('finds no user, and nothing by another spelling of an id', async () => {
    const project = ids.get('Project') ?? '';
    for (const id of [world.ids.user, `${project}=`, ` ${project}`, `${project}!`, ''])
      expect([id, refusals(await ask(id, world.people.OWNER))[0]?.[0]]).toEqual([id, 'NOT_FOUND']);
  });
});

describe('nodes', () => {
  it('finds each by itself in the order asked, the same one twice, and says where there is none', async () => {
    const [project = '', character = ''] = [ids.get('Project'), ids.get('Character')];
    const { data, errors } = await askAll([character, 'nonsense', project, character]);
    expect(data.nodes.map((node) => node?.__typename ?? null)).toEqual([
      'Character',
      null,
      'Project',
      'Character',
    ]);
    expect(errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([
      [['nodes', 1], 'NOT_FOUND'],
    ]);
  });

  it('finds one of every type at once, and none of them for a stranger', async () => {
    const all = [...ids.values()];
    expect((await askAll(all)).data.nodes.map(({ __typename }) => __typename)).toEqual([...nodeTypes]);
    const strange = await askAll(all, stranger);
    expect(strange.data.nodes).toEqual(all.map(() => null));
    expect(strange.errors?.map(({ extensions }) => extensions.code)).toEqual(all.map(() => 'NOT_FOUND'));
  });

  it('takes a hundred ids and no more', async () => {
    const project = ids.get('Project') ?? '';
    const many = (count: number) => askAll(Array.from({ length: count }, () => project));
    expect((await many(100)).data.nodes).toHaveLength(100);
    expect((await many(101)).errors?.[0]).toMatchObject({
      message: 'ids must be at most 100; got 101.',
      extensions: { code: 'BAD_USER_INPUT' },
    });
    expect((await many(0)).data.nodes).toEqual([]);
  });
});
