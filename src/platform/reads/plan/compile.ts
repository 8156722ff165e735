import { type DocumentNode, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import { describeRoot } from './describe.ts';
import { NotPlanned, type Run } from './plan.ts';
import { countFields, type Selected, selectionsOf } from './selections.ts';
import { type Member, writeObject } from './write.ts';

/** A compiled operation: what it reads, and how that becomes text. */
export interface Plan {
  /** How many fields it writes, wherever they are spread. */
  readonly fields: number;
  /** `data` as JSON text. Throws when anything is out of the ordinary. */
  execute(run: Run): Promise<string>;
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
    const members = selected.map((each) => ({ key: each.key, value: describeTop(schema, each) }));
    return { fields: countFields(selected), execute: (run) => execute(members, run) };
  } catch (error) {
    if (error instanceof NotPlanned) return null;
    throw error;
  }
}

/** A field of the query: reads, and resolves to the function that writes what was read. */
type ReadTop = (run: Run) => Promise<() => string>;

function describeTop(schema: GraphQLSchema, selected: Selected): ReadTop {
  if (selected.name === '__typename') {
    const text = JSON.stringify(schema.getQueryType()?.name);
    return async () => () => text;
  }
  const root = describeRoot(selected);
  return async (run) => {
    const read = await root.read(run);
    return () => root.write(read);
  };
}

async function execute(members: readonly Member<ReadTop>[], run: Run): Promise<string> {
  const writers = await Promise.all(
    members.map(async ({ key, value }) => ({ key, value: await value(run) })),
  );
  return writeObject(writers)();
}
