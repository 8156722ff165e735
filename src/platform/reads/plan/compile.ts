import { type DocumentNode, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import { buildObject, type Member } from './build.ts';
import { describeRoot } from './describe.ts';
import { NotPlanned, type Run } from './plan.ts';
import { describeRequest } from './request.ts';
import { countFields, type Selected, selectionsOf } from './selections.ts';

/** An answer's `data`. */
export type Data = Readonly<Record<string, unknown>>;

/** A compiled operation: what it reads, and how that becomes an answer. */
export interface Plan {
  /** How many fields it answers, wherever they are spread. */
  readonly fields: number;
  /** `data`. Throws when anything is out of the ordinary. */
  execute(run: Run): Promise<Data>;
}

/**
 * Compiles a query, for the values that its conditions (@skip, @include) have in `variables`. Null when something that
 * it asks for does not say what it reads. Throws GraphQLError for a condition that is null.
 */
export function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Plan | null {
  const selected = selectionsOf(schema, document, operation, variables);
  try {
    const members = selected.map((each) => ({ name: each.key, value: describeTop(schema, each) }));
    return { fields: countFields(selected), execute: (run) => execute(members, run) };
  } catch (error) {
    if (error instanceof NotPlanned) return null;
    throw error;
  }
}

/** A field of the query: reads, and resolves to its value. */
type ReadTop = (run: Run) => Promise<unknown>;

function describeTop(schema: GraphQLSchema, selected: Selected): ReadTop {
  if (selected.name === '__typename') return async () => schema.getQueryType()?.name;
  const made = describeRequest(selected);
  if (made) return async (run) => made(run);
  const root = describeRoot(selected);
  return async (run) => root.build(await root.read(run));
}

async function execute(members: readonly Member<ReadTop>[], run: Run): Promise<Data> {
  const values = await Promise.all(members.map(({ value }) => value(run)));
  return buildObject(members.map(({ name }, index) => ({ name, value: () => values[index] })))();
}
