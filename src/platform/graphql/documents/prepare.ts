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

/*
 * `prepare` looks at the words (length, tokens, nesting), parses, measures and only then validates, because
 * validation takes longer than linear time. Measuring spreads each fragment once, so a document that doubles
 * twenty-five times is refused as quickly as it is read. A depth is counted from where a fragment is spread. One
 * name may be selected only so often in one place, because validation compares each with each. A point is taken
 * before a document is looked at, so an empty purse costs nothing; a document that fails validation is paid in full.
 * HTTP and WebSocket call the same function. Apollo gets documents that passed through its `documentStore`, and
 * neither parses nor validates them again.
 */

/** An operation as a client sends it. */
export interface AskedOperation {
  readonly query: string;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A document that may be executed, with its text, or why not; and what asking cost. */
export type Prepared = { readonly cost: number } & (
  | { readonly document: DocumentNode; readonly query: string; readonly errors: null }
  | { readonly document: null; readonly errors: readonly [GraphQLError, ...GraphQLError[]] }
);

/** The one step that both transports take before they execute anything. */
export interface Prepare {
  (asked: AskedOperation, options: { mayIntrospect: boolean }): Prepared;
  /** A document that was prepared lately, by the SHA-256 of its text in hexadecimal. */
  known(hash: string): DocumentNode | undefined;
}

interface Known {
  readonly document: DocumentNode;
  readonly introspection: readonly GraphQLError[];
  readonly countKey: ReturnType<typeof createCountKey>;
  /** By the operation's name and what of the variables counts: what it cost when it was not refused. */
  readonly costs: LRUCache<string, number>;
}

/** Most documents are asked for with one or two sizes of page. */
const costsForEach = 20;

/**
 * Parses, measures and validates, in this order: validation takes longer than linear time, so it only sees what is
 * small. What costs more than `maxCost`, all that a viewer can ever have, is refused at once. Documents that passed are
 * kept, a bounded number of them; their cost depends on the variables and is told anew.
 */
export function createPrepare(schema: GraphQLSchema, { maxCost }: { maxCost?: number } = {}): Prepare {
  const kept = new LRUCache<string, Known>({
    // In characters. A syntax tree takes a hundred times its text: about fifty megabytes at the very worst.
    maxSize: 512 * 1024,
    sizeCalculation: ({ document }) => document.loc?.end ?? documentLimits.characters,
  });

  /** Measuring takes longer than executing some operations does; its answer only depends on a few numbers. */
  function measureOnce(
    document: DocumentNode,
    known: Known | undefined,
    operation: Omit<AskedOperation, 'query'>,
  ): ReturnType<typeof measureDocument> {
    // Names that the document does not have are not kept: there is no end to them.
    const isThere = getOperationAST(document, operation.operationName) !== null;
    const key =
      known && isThere
        ? `${operation.operationName ?? ''} ${known.countKey(operation.variables)}`
        : undefined;
    const cost = key === undefined ? undefined : known?.costs.get(key);
    if (cost !== undefined) return { cost, refused: null };
    const measured = measureDocument(schema, document, { ...operation, maxCost });
    if (key !== undefined && !measured.refused) known?.costs.set(key, measured.cost);
    return measured;
  }

  function prepare(asked: AskedOperation, { mayIntrospect }: { mayIntrospect: boolean }): Prepared {
    const { query, ...operation } = asked;
    // What is too long is not even hashed.
    const isLong = query.length > documentLimits.characters;
    const hash = isLong ? '' : digest('sha256', query, 'hex');
    const known = kept.get(hash);
    const document = known?.document ?? parseShort(query);
    if (document instanceof GraphQLError) return { cost: 1, document: null, errors: [document] };
    const { cost, refused } = measureOnce(document, known, operation);
    // What is refused costs little here; a client that means well must not run dry over it.
    if (refused) return { cost: 1, document: null, errors: [refused] };
    const [problem, ...problems] = known ? [] : problemsOf(schema, document);
    if (problem) {
      const others = problems.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED'));
      // Validated in full, so paid in full.
      return { cost, document: null, errors: [coded(problem, 'GRAPHQL_VALIDATION_FAILED'), ...others] };
    }
    const introspection =
      known?.introspection ?? validate(schema, document, [NoSchemaIntrospectionCustomRule]);
    if (!known) {
      const costs = new LRUCache<string, number>({ max: costsForEach });
      kept.set(hash, { document, introspection, countKey: createCountKey(document), costs });
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
    // The rule for subscriptions evaluates @skip and @include without variables, and throws what it finds missing.
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
