import { HeaderMap, type HTTPGraphQLRequest } from '@apollo/server';
import type { FastifyRequest } from 'fastify';
import type { AskedOperation } from '../../platform/graphql/documents/prepare.ts';

/** A request as Apollo takes it: with the text that was prepared, in whatever way the client named it. */
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
  // The variables stay the text that they are: what is nested deeply can be read and not always written again.
  const parameters = new URL(request.url, 'http://host').searchParams;
  parameters.set('query', query);
  for (const name of ['documentId', 'extensions']) parameters.delete(name);
  // An empty one counts as none, here as in `readOperation`.
  for (const name of ['operationName', 'variables']) if (parameters.get(name) === '') parameters.delete(name);
  return { method, headers, search: `?${parameters}`, body: undefined };
}
