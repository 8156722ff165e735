import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql';
// Not part of the library's promises, and pinned with it: the very function by which graphql-js decides what is selected.
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import type { Run } from './run.ts';

/** A field as it is selected in one place, with everything selected below it there. */
export interface Selected {
  /** As in `"name":`. */
  readonly key: string;
  readonly name: string;
  /** Null for `__typename`. */
  readonly field: GraphQLField<unknown, unknown> | null;
  readonly nodes: readonly [FieldNode, ...FieldNode[]];
}

/** What a field's arguments are in an execution. Throws GraphQLError. */
export type ArgumentsOf = (run: Run) => Readonly<Record<string, unknown>>;

/** What an operation selects, as graphql-js collects it: fragments spread, conditions decided, namesakes merged. */
export interface Selections {
  top(type: GraphQLObjectType, operation: OperationDefinitionNode): readonly Selected[];
  below(type: GraphQLObjectType, nodes: readonly FieldNode[]): readonly Selected[];
  /** How many fields that were so far. */
  count(): number;
}

/** Collects what an operation selects; `variables` decide its conditions. */
export function collectSelections(
  schema: GraphQLSchema,
  fragments: Readonly<Record<string, FragmentDefinitionNode>>,
  variables: Readonly<Record<string, unknown>>,
): Selections {
  let count = 0;
  const fieldsOf = (type: GraphQLObjectType, collected: ReadonlyMap<string, readonly FieldNode[]>) => {
    count += collected.size;
    return [...collected].flatMap(([responseName, [first, ...others]]) => {
      if (!first) return [];
      const field = type.getFields()[first.name.value] ?? null;
      return [
        {
          key: `${JSON.stringify(responseName)}:`,
          name: first.name.value,
          field,
          nodes: [first, ...others] as const,
        },
      ];
    });
  };
  return {
    count: () => count,
    top: (type, operation) =>
      fieldsOf(type, collectFields(schema, { ...fragments }, { ...variables }, type, operation.selectionSet)),
    below: (type, nodes) =>
      fieldsOf(type, collectSubfields(schema, { ...fragments }, { ...variables }, type, nodes)),
  };
}

/** The arguments of a selected field: found out once where no variable is in them, else once an execution. */
export function argumentsOf({ field, nodes: [node] }: Selected): ArgumentsOf {
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
