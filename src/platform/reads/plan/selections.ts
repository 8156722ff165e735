import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  isAbstractType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql';
// Not part of the library's promises, and pinned with it: the very function by which graphql-js decides what is selected.
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import type { Run } from './plan.ts';

/** A field as it is selected in one place. */
export interface Selected {
  /** What it is called in the answer. */
  readonly key: string;
  readonly name: string;
  /** Null for `__typename` and what else every type has. */
  readonly field: GraphQLField<unknown, unknown> | null;
  /** The first of the places where the document has it: all have the same arguments. */
  readonly node: FieldNode;
  /** The type of its objects; null where it has none, or where several types are possible. */
  readonly type: GraphQLObjectType | null;
  /** What is selected of its objects. */
  readonly below: readonly Selected[];
  /** Where several types are possible: what is selected of objects of each. */
  readonly possible: readonly { readonly type: GraphQLObjectType; readonly below: readonly Selected[] }[];
}

/** What a field's arguments are in an execution. Throws GraphQLError. */
export type ArgumentsOf = (run: Pick<Run, 'variables'>) => Readonly<Record<string, unknown>>;

/**
 * What an operation selects, as graphql-js collects it: fragments are spread, conditions are decided by `variables`, and
 * fields of one name are merged. Throws GraphQLError for a condition that is null.
 */
export function selectionsOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): readonly Selected[] {
  const query = schema.getQueryType();
  if (!query) return [];
  // Own members whatever they are called: a fragment's name may be `__proto__`.
  const fragments: Record<string, FragmentDefinitionNode> = Object.fromEntries(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [],
    ),
  );
  const values = { ...variables };
  const fieldsOf = (
    type: GraphQLObjectType,
    collected: ReadonlyMap<string, readonly FieldNode[]>,
  ): Selected[] =>
    [...collected].flatMap(([responseName, nodes]) => {
      const [node] = nodes;
      if (!node) return [];
      const field = type.getFields()[node.name.value] ?? null;
      const named = field && getNamedType(field.type);
      const target = isObjectType(named) ? named : null;
      const belowOf = (type: GraphQLObjectType) =>
        fieldsOf(type, collectSubfields(schema, fragments, values, type, nodes));
      const types = isAbstractType(named) ? schema.getPossibleTypes(named) : [];
      return [
        {
          key: responseName,
          name: node.name.value,
          field,
          node,
          type: target,
          below: target ? belowOf(target) : [],
          possible: types.map((type) => ({ type, below: belowOf(type) })),
        },
      ];
    });
  return fieldsOf(query, collectFields(schema, fragments, values, query, operation.selectionSet));
}

/** How many fields these are, with all below them. */
export function countFields(selected: readonly Selected[]): number {
  return selected.reduce(
    (count, { below, possible }) =>
      count + 1 + countFields(below) + countFields(possible.flatMap((each) => each.below)),
    0,
  );
}

/** The arguments of a selected field: found out once where no variable is in them, else once an execution. */
export function argumentsOf({ field, node }: Pick<Selected, 'field' | 'node'>): ArgumentsOf {
  if (!field) return () => ({});
  if (!hasVariables(node)) {
    const values = getArgumentValues(field, node);
    return () => values;
  }
  // A plan lives long, and the values that clients send must not live as long.
  const known = new WeakMap<Run['variables'], Readonly<Record<string, unknown>>>();
  return ({ variables }) => {
    const kept = known.get(variables);
    if (kept) return kept;
    const values = getArgumentValues(field, node, variables);
    known.set(variables, values);
    return values;
  };
}

function hasVariables(node: FieldNode): boolean {
  let found = false;
  for (const argument of node.arguments ?? []) {
    visit(argument, {
      [Kind.VARIABLE]() {
        found = true;
      },
    });
  }
  return found;
}
