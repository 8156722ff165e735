import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import { BadRequest, RateLimited } from '../../errors.ts';
import { isHashUnknown } from '../../platform/graphql/documents/persisted-documents.ts';
import type { Cost } from '../../platform/limits/cost-meter.ts';
import { presentError } from '../present-error.ts';
import { answerType } from './accept.ts';

/** The HTTP response for an operation that is not executed. */
interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly GraphQLFormattedError[];
}

type Tools = Parameters<typeof presentError>[0];

/** The refusal of a document that cannot be executed, or whose hash is unknown. */
export function refuseDocument(ctx: Tools, errors: readonly [GraphQLError, ...GraphQLError[]]): Refusal {
  const shown = errors.map((error) => presentError(ctx, error.toJSON(), error));
  // In Apollo's protocol an unknown hash has status 200. A cache must not keep it, because the text may be known later.
  return isHashUnknown({ errors })
    ? { status: 200, headers: { 'cache-control': 'no-store' }, errors: shown }
    : { status: 400, headers: {}, errors: shown };
}

/** The refusal of a malformed request, or of a viewer who exceeds a rate limit; null for any other failure. */
export function refuseRequest(ctx: Tools, error: unknown): Refusal | null {
  if (error instanceof RateLimited) {
    const headers = { 'retry-after': String(error.retryAfterSeconds) };
    return { status: 429, headers, errors: [presentError(ctx, { message: error.message }, error)] };
  }
  if (!(error instanceof BadRequest)) return null;
  return { status: 400, headers: {}, errors: [presentError(ctx, { message: error.message }, error)] };
}

/** Sends a refusal, in the media type that the client asks for. */
export function sendRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, headers, errors }: Refusal,
  cost: Cost,
): FastifyReply {
  return reply
    .code(status)
    .headers(headers)
    .type(answerType(request.headers.accept) ?? 'application/json; charset=utf-8')
    .send(JSON.stringify({ errors, extensions: { cost } }));
}
