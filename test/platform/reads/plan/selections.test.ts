import { expect, it } from '@jest/globals';
import { buildSchema, type FieldNode, Kind, parse } from 'graphql';
import type { Run } from '../../../../src/platform/reads/plan/plan.ts';
import { argumentsOf } from '../../../../src/platform/reads/plan/selections.ts';
import { collectGarbage } from '../../../support/collect-garbage.ts';

const schema = buildSchema('type Query { hero(id: ID, first: Int = 3): Int }');
const field = schema.getQueryType()?.getFields().hero ?? null;

function heroOf(query: string) {
  const [definition] = parse(query).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('No operation.');
  const [node] = definition.selectionSet.selections as FieldNode[];
  if (!node) throw new Error('No field.');
  return argumentsOf({ field, node });
}

const runWith = (variables: Record<string, unknown>): Run => ({
  reader: {
    read: async () => [],
    readOne: async () => null,
    readEach: async () => undefined,
    close: async () => undefined,
  },
  ctx: {},
  variables,
});

it('arguments are those of each execution, also when several run in turns', () => {
  const args = heroOf('query ($id: ID) { hero(id: $id) }');
  const [one, other] = [runWith({ id: 'one' }), runWith({ id: 'other' })];
  expect([one, other, one].map((run) => args(run).id)).toEqual(['one', 'other', 'one']);
  expect(args(one)).toBe(args(one));
});

it('what a client sent is forgotten with its request, however long the plan lives', async () => {
  const args = heroOf('query ($id: ID) { hero(id: $id) }');
  const sent = (() => {
    const run = runWith({ id: 'a' });
    args(run);
    return new WeakRef(run.variables);
  })();
  // A weak reference holds on until the end of the turn in which it was made.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(sent.deref()).toBeUndefined();
  expect(args(runWith({ id: 'b' })).id).toBe('b');
});
