import { HeaderMap, type HTTPGraphQLRequest } from '@apollo/server';
import type { FastifyRequest } from 'fastify';
import type { AskedOperation } from '../../platform/graphql/documents/prepare.ts';

/** A request in the form for Apollo, with the prepared text, also when the client sent a hash or id. */
export function toApolloRequest(
  request: FastifyRequest,
  { query, operationName, variables }: AskedOperation,
): HTTPGraphQLRequest {
  const { method } = request;
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  if (method !== 'GET') return { method, headers, search: '', body: { query, operationName, variables } };
  // The variables stay text, because deeply nested JSON can be parsed but not always serialized again.
  const parameters = new URL(request.url, 'http://host').searchParams;
  parameters.set('query', query);
  for (const name of ['documentId', 'doc_id', 'extensions']) parameters.delete(name);
  // An empty parameter counts as absent, as in `readOperation`.
  for (const name of ['operationName', 'variables']) if (parameters.get(name) === '') parameters.delete(name);
  return { method, headers, search: `?${parameters}`, body: undefined };
}
