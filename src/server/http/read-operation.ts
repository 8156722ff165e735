import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BadRequest } from '../../errors.ts';
import { type PrepareNamed, readDocumentName } from '../../platform/graphql/documents/persisted-documents.ts';

/** The limit of `extensions`, where we read only a hash. */
const maxExtensionsCharacters = 4_096;

const object = z.record(z.string(), z.unknown(), 'must be an object');
const operation = z.object(
  {
    query: z.string('must be a string').min(1, 'must not be empty').optional(),
    documentId: z.unknown().optional(),
    /** Relay's name of `documentId`. */
    doc_id: z.unknown().optional(),
    operationName: z.string('must be a string').nullish(),
    variables: object.nullish(),
    extensions: object
      .nullish()
      .refine((value) => JSON.stringify(value ?? null).length <= maxExtensionsCharacters, {
        message: `must be at most ${maxExtensionsCharacters} characters of JSON`,
      }),
  },
  'must be one JSON object; several operations in one request are not accepted',
);

/** Reads and checks the operation of a GraphQL-over-HTTP request. Throws BadRequest. */
export function readOperation(request: FastifyRequest): Parameters<PrepareNamed>[0] {
  const parsed = operation.safeParse(
    request.method === 'GET' ? readQueryString(request.query) : request.body,
  );
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BadRequest(`${issue?.path.length ? issue.path.join('.') : 'The request'} ${issue?.message}.`);
  }
  const { operationName, variables, doc_id, documentId = doc_id, ...document } = parsed.data;
  if (doc_id !== undefined && doc_id !== documentId)
    throw new BadRequest('documentId and doc_id name different documents.');
  return {
    ...readDocumentName({ ...document, documentId }),
    // Some clients send an empty name for a document with one operation.
    operationName: operationName || null,
    variables: variables ?? {},
  };
}

const parameters = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

/** In a GET, `variables` and `extensions` are JSON. An empty parameter counts as absent. */
function readQueryString(query: unknown): Record<string, unknown> {
  const given = Object.entries(parameters.parse(query)).filter(([, value]) => value !== '');
  return Object.fromEntries(
    given.map(([name, value]) => {
      if (typeof value !== 'string') throw new BadRequest(`${name} is given more than once.`);
      return [name, name === 'variables' || name === 'extensions' ? readJson(name, value) : value];
    }),
  );
}

function readJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadRequest(`${name} must be JSON.`);
  }
}
