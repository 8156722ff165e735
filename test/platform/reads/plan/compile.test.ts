import { beforeAll, expect, it } from '@jest/globals';
import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isObjectType,
  Kind,
  parse,
} from 'graphql';
import { compile } from '../../../../src/platform/reads/plan/compile.ts';
import { createSchema } from '../../../../src/server/schema.ts';

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await createSchema();
});

function isCompiled(query: string): boolean {
  const document = parse(query);
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('No operation.');
  return compile(schema, document, operation, {}) !== null;
}

const given: Readonly<Record<string, string>> = { id: 'id: "x"', ids: 'ids: ["x"]' };

/** A field as a document asks for it, with `below` of its objects. */
function ask({ name, type, args }: GraphQLField<unknown, unknown>, below: string): string {
  const id = args.flatMap((argument) => given[argument.name] ?? []);
  const isComposite = isCompositeType(getNamedType(type));
  return `${name}${id.length > 0 ? `(${id.join()})` : ''} ${isComposite ? `{ ${below} }` : ''}`;
}

/** The fields that resolvers answer, of each type that a compiled document leads to. */
function resolvedFields(): Record<string, string[]> {
  const query = schema.getQueryType();
  if (!query) throw new Error('There are no queries.');
  const found: Record<string, string[]> = {};
  const seen = new Set<GraphQLObjectType>();
  const visit = (type: GraphQLObjectType, within: (selection: string) => string) => {
    if (seen.has(type)) return;
    seen.add(type);
    for (const field of Object.values(type.getFields())) {
      const target = getNamedType(field.type);
      // What takes other arguments than ids is no beginning of a document.
      const mustBeGiven = field.args.some(
        ({ name, type: given }) => !['id', 'ids'].includes(name) && String(given).endsWith('!'),
      );
      if (mustBeGiven || !isCompiled(within(ask(field, '__typename'))))
        found[type.name] = [...(found[type.name] ?? []), field.name].sort();
      else if (isObjectType(target)) visit(target, (selection) => within(ask(field, selection)));
    }
  };
  visit(query, (selection) => `{ ${selection} }`);
  return found;
}

/*
 * Each of these makes a document slower that asks for it: all of it goes to the resolvers. A new field that could say what
 * it reads should; one that cannot is listed here, with the reason.
 */
it('compiles every field but those that are not rows, or are found in another way than by an id or a parent', () => {
  expect(resolvedFields()).toEqual({
    Query: [
      // The viewer decides what is answered.
      'reconciliation',
      'spend',
      'storageSweep',
      'users',
      // A price for what would be sent, and not a row.
      'quoteGeneration',
      // In memory.
      'imageModels',
      'provider',
    ].sort(),
    // A person and a key, whom no project owns.
    Viewer: ['apiKey', 'user'],
    Project: [
      // Found by the project and the provider environment.
      'providerKey',
      // Sums.
      'spend',
    ],
    Generation: [
      // A list without an end.
      'ledgerEntries',
      // Whether a key is shown depends on whose it is.
      'requestedWith',
      // Found by the other run's column: a list of at most one.
      'retriedAs',
    ],
    Budget: [
      // The same key, and a member who is found by the user.
      'apiKey',
      'member',
    ],
    // A statement over the runs of all models.
    ImageModel: ['observedPrices'],
  });
});
