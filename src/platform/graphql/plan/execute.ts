import {
  type DocumentNode,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  visit,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Reader } from '../../db/reads/reader.ts';
import type { AskedOperation } from '../prepare.ts';
import { compile, type Plan } from './compile.ts';

/** Answers what can be compiled. */
export interface Planner {
  /**
   * A query's `data` as JSON text. Null when it is not compiled or anything is out of the ordinary: then the resolvers
   * are asked, and say what is wrong.
   */
  answer(
    document: DocumentNode,
    asked: Pick<AskedOperation, 'operationName' | 'variables'>,
    ctx: { readonly reader: Reader },
  ): Promise<string | null>;
}

/** An operation, and its plans by the values of its conditions. */
interface Known {
  readonly operation: OperationDefinitionNode;
  readonly conditions: readonly string[];
  readonly plans: LRUCache<string, { plan: Plan | null }>;
}

/** Twelve conditions that change all the time are not compiled each time. */
const plansForEach = 16;

/** Plans live as long as their documents do. `onGivenUp` hears why one did not answer. */
export function createPlanner(schema: GraphQLSchema, onGivenUp: (error: unknown) => void): Planner {
  const operations = new WeakMap<DocumentNode, Map<string | null, Known | null>>();

  function knownOf(document: DocumentNode, operationName: string | null): Known | null {
    const known = operations.get(document) ?? new Map<string | null, Known | null>();
    operations.set(document, known);
    const kept = known.get(operationName);
    if (kept !== undefined) return kept;
    const operation = getOperationAST(document, operationName);
    const found =
      operation?.operation === OperationTypeNode.QUERY
        ? {
            operation,
            conditions: conditionsIn(document),
            plans: new LRUCache<string, { plan: Plan | null }>({ max: plansForEach }),
          }
        : null;
    // Names that the document does not have are not kept: there is no end to them.
    if (operation) known.set(operationName, found);
    return found;
  }

  return {
    async answer(document, { operationName, variables }, ctx) {
      const known = knownOf(document, operationName);
      if (!known) return null;
      const { coerced } = getVariableValues(schema, known.operation.variableDefinitions ?? [], variables);
      if (!coerced) return null;
      const key = known.conditions.map((name) => String(coerced[name])).join(' ');
      try {
        let made = known.plans.get(key);
        if (!made) {
          // Throws for a condition that is null, which only the values can tell.
          made = { plan: compile(schema, document, known.operation, coerced) };
          known.plans.set(key, made);
        }
        return (await made.plan?.execute({ reader: ctx.reader, ctx, variables: coerced })) ?? null;
      } catch (error) {
        onGivenUp(error);
        return null;
      }
    },
  };
}

/** The variables that decide what is selected. */
function conditionsIn(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive({ arguments: given }) {
      for (const { value } of given ?? []) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}
