import { hash as digest } from 'node:crypto';
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { createCountKey } from './count-key.ts';
import { documentLimits, measureDocument, refuseLongDocument } from './document-limits.ts';
import { pricingArguments } from './price.ts';

/*
 * `prepare` checks length, tokens and nesting, parses, measures and only then validates, because
 * validation takes longer than linear time. Measuring spreads each fragment once, so a document that doubles
 * twenty-five times is refused as quickly as it is read. A depth is counted from where a fragment is spread. The number
 * of times that one name may be selected in one place is limited, because validation compares each with each. One point
 * is taken before a document is read, so a viewer without points causes no work. A document that fails validation costs
 * its full points.
 * HTTP and WebSocket call the same function. Apollo gets documents that passed through its `documentStore`, and
 * neither parses nor validates them again.
 */

/** An operation as a client sends it. */
export interface AskedOperation {
  readonly query: string;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A document that may be executed, with its text, or the errors; and the cost in points. */
export type Prepared = { readonly cost: number } & (
  | { readonly document: DocumentNode; readonly query: string; readonly errors: null }
  | { readonly document: null; readonly errors: readonly [GraphQLError, ...GraphQLError[]] }
);

/** The step that both transports, HTTP and WebSocket, take before they execute an operation. */
export interface Prepare {
  (asked: AskedOperation, options: { mayIntrospect: boolean }): Prepared;
  /** A recently prepared document, by the SHA-256 of its text in hexadecimal. */
  known(hash: string): DocumentNode | undefined;
}

interface Known {
  readonly document: DocumentNode;
  readonly introspection: readonly GraphQLError[];
  readonly countKey: ReturnType<typeof createCountKey>;
  /** The cost of an operation that was not refused, by the operation's name and its count key. */
  readonly costs: LRUCache<string, number>;
}

/** How many costs are kept for a document. Most documents are used with one or two sizes of page. */
const costsForEach = 20;

/**
 * Parses, measures and validates, in this order: validation takes longer than linear time, so it gets only small
 * documents. An operation that costs more than `maxCost`, the most points that a viewer can have, is refused at once.
 * Documents that passed are cached, in a limited number; their cost depends on the variables.
 */
export function createPrepare(schema: GraphQLSchema, { maxCost }: { maxCost?: number } = {}): Prepare {
  const pricing = pricingArguments(schema);
  const kept = new LRUCache<string, Known>({
    // In characters. A syntax tree takes a hundred times the memory of its text: about fifty megabytes at most.
    maxSize: 512 * 1024,
    sizeCalculation: ({ document }) => document.loc?.end ?? documentLimits.characters,
  });

  /** Caches the cost, which depends only on a few numbers: measuring takes longer than executing some operations. */
  function measureOnce(
    document: DocumentNode,
    known: Known | undefined,
    operation: Omit<AskedOperation, 'query'>,
  ): ReturnType<typeof measureDocument> {
    // Operation names that the document does not have are not cached, because a client can send any number of them.
    const isThere = getOperationAST(document, operation.operationName) !== null;
    const count = known && isThere ? known.countKey(operation.variables) : null;
    const key = count === null ? undefined : `${operation.operationName ?? ''} ${count}`;
    const cost = key === undefined ? undefined : known?.costs.get(key);
    if (cost !== undefined) return { cost, refused: null };
    const measured = measureDocument(schema, document, { ...operation, maxCost });
    if (key !== undefined && !measured.refused) known?.costs.set(key, measured.cost);
    return measured;
  }

  function prepare(asked: AskedOperation, { mayIntrospect }: { mayIntrospect: boolean }): Prepared {
    const { query, ...operation } = asked;
    // A document that is too long is not hashed.
    const isLong = query.length > documentLimits.characters;
    const hash = isLong ? '' : digest('sha256', query, 'hex');
    const known = kept.get(hash);
    const document = known?.document ?? parseShort(query);
    if (document instanceof GraphQLError) return { cost: 1, document: null, errors: [document] };
    const { cost, refused } = measureOnce(document, known, operation);
    // A refused document costs one point, because refusing is cheap and an honest client must not lose its points by
    // it.
    if (refused) return { cost: 1, document: null, errors: [refused] };
    const [problem, ...problems] = known ? [] : problemsOf(schema, document);
    if (problem) {
      const others = problems.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED'));
      // The document was validated in full, so it costs its full points.
      return { cost, document: null, errors: [coded(problem, 'GRAPHQL_VALIDATION_FAILED'), ...others] };
    }
    const introspection =
      known?.introspection ?? validate(schema, document, [NoSchemaIntrospectionCustomRule]);
    if (!known) {
      const costs = new LRUCache<string, number>({ max: costsForEach });
      kept.set(hash, { document, introspection, countKey: createCountKey(document, pricing), costs });
    }
    const [forbidden] = mayIntrospect ? [] : introspection;
    if (forbidden)
      return { cost: 1, document: null, errors: [coded(forbidden, 'GRAPHQL_VALIDATION_FAILED')] };
    return { cost, document, query, errors: null };
  }

  return Object.assign(prepare, { known: (hash: string) => kept.get(hash)?.document });
}

function problemsOf(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
  try {
    return validate(schema, document, specifiedRules, { maxErrors: 20 });
  } catch (error) {
    // The rule for subscriptions evaluates @skip and @include without variables, and throws when a variable is missing.
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}

function parseShort(query: string): DocumentNode | GraphQLError {
  try {
    refuseLongDocument(query);
    return parse(query, { maxTokens: documentLimits.tokens });
  } catch (error) {
    if (error instanceof GraphQLError) return coded(error, 'GRAPHQL_PARSE_FAILED');
    throw error;
  }
}

function coded(error: GraphQLError, code: string): GraphQLError {
  error.extensions.code ??= code;
  return error;
}
