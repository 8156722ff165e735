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
import { isTransient } from '../../db/transient.ts';
import type { Reader } from '../reader.ts';
import { compile, type Data, type Plan } from './compile.ts';
import type { Run } from './plan.ts';

/** Answers what can be compiled. */
export interface Planner {
  /**
   * A query's `data`. Null when it is not compiled or anything is out of the ordinary: then the resolvers
   * are asked, and say what is wrong. Throws when the database does not answer: asking it again would double the wait.
   */
  answer(
    document: DocumentNode,
    asked: { readonly operationName: string | null; readonly variables: Run['variables'] },
    ctx: { readonly reader: Reader },
  ): Promise<Data | null>;
}

/** An operation, of which there is a plan for each set of values of its conditions. */
interface Known {
  readonly operation: OperationDefinitionNode;
  readonly conditions: readonly string[];
  /** Begins the keys of its plans. */
  readonly number: number;
}

/** In fields, of all plans together: about thirty megabytes. A page of an application has a hundred. */
const mostFields = 50_000;
/** A plan keeps its document's syntax tree, of which so many characters take as much memory as a field. */
const charactersAsField = 5;

/** Keeps the plans that were used lately. `onGivenUp` hears why one did not answer. */
export function createPlanner(schema: GraphQLSchema, onGivenUp: (error: unknown) => void): Planner {
  const operations = new WeakMap<DocumentNode, Map<string | null, Known | null>>();
  const plans = new LRUCache<string, { plan: Plan | null; fields: number }>({
    maxSize: mostFields,
    sizeCalculation: ({ fields }) => fields,
  });
  let count = 0;

  function knownOf(document: DocumentNode, operationName: string | null): Known | null {
    const known = operations.get(document) ?? new Map<string | null, Known | null>();
    operations.set(document, known);
    const kept = known.get(operationName);
    if (kept !== undefined) return kept;
    const operation = getOperationAST(document, operationName);
    const found =
      operation?.operation === OperationTypeNode.QUERY
        ? { operation, conditions: conditionsIn(document), number: ++count }
        : null;
    // Names that the document does not have are not kept: there is no end to them.
    if (operation) known.set(operationName, found);
    return found;
  }

  /** Throws GraphQLError for a condition that is null. */
  function planOf(document: DocumentNode, known: Known, variables: Run['variables']): Plan | null {
    const values = known.conditions.map((name) => String(variables[name]));
    const key = [known.number, ...values].join(' ');
    const kept = plans.get(key);
    if (kept) return kept.plan;
    const plan = compile(schema, document, known.operation, variables);
    const fields = plan ? plan.fields + Math.ceil((document.loc?.end ?? 0) / charactersAsField) : 1;
    plans.set(key, { plan, fields });
    return plan;
  }

  return {
    async answer(document, { operationName, variables }, ctx) {
      const known = knownOf(document, operationName);
      if (!known) return null;
      const { coerced } = getVariableValues(schema, known.operation.variableDefinitions ?? [], variables);
      if (!coerced) return null;
      try {
        const plan = planOf(document, known, coerced);
        return (await plan?.execute({ reader: ctx.reader, ctx, variables: coerced })) ?? null;
      } catch (error) {
        if (isTransient(error)) throw error;
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
