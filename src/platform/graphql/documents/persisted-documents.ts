import { createHash } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { BadRequest } from '../../../errors.ts';
import { documentLimits } from './document-limits.ts';
import type { AskedOperation, Prepare, Prepared } from './prepare.ts';

/*
 * A document is found by its id before `prepare`, so it is measured like any other. Only a text that came with its
 * hash and passed is kept, in one store for all: a client that fills it makes others send a text once more, and
 * nothing else. A manifest is opened before anything else starts.
 */

/** How a client says which document it means: by its text, by an id, or by both. */
export type DocumentName =
  | { readonly query: string; readonly documentId: string | null }
  | { readonly query: null; readonly documentId: string };

/** `prepare` for clients that do not send the text. */
export interface PrepareNamed {
  (asked: Omit<AskedOperation, 'query'> & DocumentName, options: { mayIntrospect: boolean }): Prepared;
  readonly known: Prepare['known'];
}

/** The only documents that may be executed. */
export interface DocumentManifest {
  /** By the manifest's own id or the SHA-256 of the text. */
  textOf(id: string): string | undefined;
  has(text: string): boolean;
}

const id = z.string('must be a string').min(1, 'must not be empty');
const naming = z.object({
  documentId: id.nullish(),
  extensions: z
    .object({
      persistedQuery: z
        .object({ version: z.literal(1, 'must be 1'), sha256Hash: id }, 'must be an object')
        .nullish(),
    })
    .nullish(),
});

/**
 * Reads the two ways of giving an id: `documentId` of the GraphQL-over-HTTP proposal, with or without its prefix
 * `sha256:`, and Apollo's `extensions.persistedQuery`. An empty text counts as none. Throws BadRequest.
 */
export function readDocumentName(asked: {
  query?: string | undefined;
  documentId?: unknown;
  extensions?: unknown;
}): DocumentName {
  // Documents are found by the hash of their UTF-8, which is the same for every half of a surrogate pair.
  if (asked.query?.isWellFormed() === false)
    throw new BadRequest('query must be well-formed Unicode: it holds half a surrogate pair.');
  const parsed = naming.safeParse(asked);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BadRequest(`${issue?.path.join('.')} ${issue?.message}.`);
  }
  const sha256Hash = parsed.data.extensions?.persistedQuery?.sha256Hash;
  const documentId = bareId(parsed.data.documentId ?? sha256Hash ?? '') || null;
  if (sha256Hash !== undefined && bareId(sha256Hash) !== documentId)
    throw new BadRequest('documentId and extensions.persistedQuery name different documents.');
  if (asked.query) return { query: asked.query, documentId };
  if (documentId === null) throw new BadRequest('The request must have a query.');
  return { query: null, documentId };
}

/** An id as it is looked up. */
export function bareId(documentId: string): string {
  return documentId.replace(/^sha256:/, '');
}

/** In lower-case hexadecimal, as both protocols want it. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Finds the text and prepares it. With a manifest nothing else is executed, for any viewer. Without one a text that comes
 * with its hash is remembered by it once it has passed everything.
 */
export function withPersistedDocuments(prepare: Prepare, manifest: DocumentManifest | null): PrepareNamed {
  const { find, keep } = manifest ? listed(manifest) : automatic();

  function prepareNamed(named: Parameters<PrepareNamed>[0], options: { mayIntrospect: boolean }): Prepared {
    const text = find(named);
    if (text instanceof GraphQLError) return { cost: 1, document: null, errors: [text] };
    const { documentId, operationName, variables } = named;
    const prepared = prepare({ query: text, operationName, variables }, options);
    if (prepared.document && documentId !== null) keep(documentId, text);
    return prepared;
  }

  return Object.assign(prepareNamed, { known: prepare.known });
}

/** Whether the client need only repeat the request with the text: Apollo's protocol calls that a success. */
export function isHashUnknown({ errors }: Pick<Prepared, 'errors'>): boolean {
  return errors?.[0].extensions.code === 'PERSISTED_QUERY_NOT_FOUND';
}

interface Documents {
  find(name: DocumentName): string | GraphQLError;
  keep(documentId: string, text: string): void;
}

/**
 * One store for all viewers, because the pages of an application send the same documents. A client that fills it makes
 * others send a text once more, and nothing else. A known hash means that a client has sent this very text with its hash;
 * the document is executed with the rights of the viewer that asks.
 */
function automatic(): Documents {
  const kept = new LRUCache<string, string>({
    // In characters: sixty-four of the longest documents, thousands of ordinary ones.
    maxSize: 4 * 1024 * 1024,
    sizeCalculation: (text) => text.length,
  });
  return {
    find(name) {
      // Clients look at this message as well as at the code.
      if (name.query === null)
        return kept.get(name.documentId) ?? refusal('PersistedQueryNotFound', 'PERSISTED_QUERY_NOT_FOUND');
      const { query, documentId } = name;
      // What is too long is not even hashed: it will be refused.
      if (documentId === null || query.length > documentLimits.characters) return query;
      return sha256(query) === documentId ? query : refusal('The hash is not the SHA-256 of the query.');
    },
    keep: (documentId, text) => kept.set(documentId, text),
  };
}

function listed(manifest: DocumentManifest): Documents {
  return {
    find(name) {
      if (name.query === null)
        return manifest.textOf(name.documentId) ?? refusal(notListed, 'PERSISTED_QUERY_NOT_IN_LIST');
      const { query, documentId } = name;
      if (!manifest.has(query)) return refusal(notListed, 'QUERY_NOT_IN_SAFELIST');
      if (documentId === null || manifest.textOf(documentId) === query) return query;
      return refusal('The id and the query name different documents.');
    },
    keep: () => undefined,
  };
}

const notListed = 'This server executes only the documents of its manifest, and this is none of them.';

function refusal(message: string, code = 'BAD_REQUEST'): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}
