import { type DocumentNode, GraphQLError, type GraphQLSchema, Kind, Lexer, Source, TokenKind } from 'graphql';
import { createMeasure, type Size } from './measure.ts';

/** The limits of a document. No honest client needs more, and the limits are far below what would harm the server. */
export const documentLimits = {
  characters: 65_536,
  tokens: 4_000,
  /** Depth of brackets of any kind: values within values and selections within selections. */
  nesting: 50,
  depth: 15,
  fields: 1_000,
  aliases: 100,
  directives: 50,
  repeats: 20,
  paid: 10,
  cost: 10_000,
} as const;

const messages: Readonly<Record<keyof Size, (limit: number, size: number) => string>> = {
  depth: (limit, size) => `The document nests fields ${size} deep; at most ${limit} are allowed.`,
  fields: (limit, size) => `The document asks for ${size} fields; at most ${limit} are allowed.`,
  aliases: (limit, size) => `The document has ${size} aliases; at most ${limit} are allowed.`,
  directives: (limit, size) => `The document has ${size} directives; at most ${limit} are allowed.`,
  repeats: (limit, size) =>
    `The document selects one name ${size} times in one place; at most ${limit} are allowed.`,
  paid: (limit, size) => `The operation asks for ${size} paid runs; at most ${limit} are allowed in one.`,
  cost: (limit, size) => `The operation costs ${size} points; at most ${limit} are allowed in one.`,
};

function refusal(message: string, code = 'DOCUMENT_LIMIT_EXCEEDED'): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

/**
 * Checks the document's length, tokens and nesting before any recursive code reads it. Throws a GraphQLError when it is
 * too long or nested too deep, and when it has characters that are no GraphQL.
 */
export function refuseLongDocument(text: string): void {
  const { characters, tokens, nesting } = documentLimits;
  if (text.length > characters) {
    const message = `The document has ${text.length} characters; at most ${characters} are allowed. Send values as variables.`;
    throw refusal(message);
  }
  const lexer = new Lexer(new Source(text));
  let open = 0;
  for (let count = 1; lexer.advance().kind !== TokenKind.EOF; count += 1) {
    if (count > tokens) throw refusal(`The document has more than ${tokens} tokens.`);
    const { kind } = lexer.token;
    if (kind === TokenKind.BRACE_L || kind === TokenKind.BRACKET_L || kind === TokenKind.PAREN_L) open += 1;
    if (kind === TokenKind.BRACE_R || kind === TokenKind.BRACKET_R || kind === TokenKind.PAREN_R) open -= 1;
    if (open > nesting) throw refusal(`The document nests brackets more than ${nesting} deep.`);
  }
}

/**
 * Measures every definition, also the unused ones, because validation reads all of them. Returns the cost of the
 * operation that would be executed, and an error when a limit is exceeded.
 */
export function measureDocument(
  schema: GraphQLSchema,
  document: DocumentNode,
  {
    operationName,
    variables,
    maxCost = documentLimits.cost,
  }: {
    operationName: string | null;
    variables: Readonly<Record<string, unknown>>;
    maxCost?: number;
  },
): { cost: number; refused: GraphQLError | null } {
  const measure = createMeasure(schema, document, variables);
  let cost = 1;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION)
      continue;
    const size = measure(definition);
    const isExecuted =
      definition.kind === Kind.OPERATION_DEFINITION &&
      (operationName === null || definition.name?.value === operationName);
    if (isExecuted) cost = size.cost;
    for (const name of ['depth', 'fields', 'aliases', 'directives', 'repeats', 'paid', 'cost'] as const) {
      const limit = name === 'cost' ? Math.min(documentLimits.cost, maxCost) : documentLimits[name];
      if (size[name] <= limit) continue;
      const code = name === 'cost' ? 'COST_LIMIT_EXCEEDED' : 'DOCUMENT_LIMIT_EXCEEDED';
      return { cost, refused: refusal(messages[name](limit, size[name]), code) };
    }
  }
  return { cost, refused: null };
}
