import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import { BadRequest, RateLimited } from '../../errors.ts';
import { isHashUnknown } from '../../platform/graphql/documents/persisted-documents.ts';
import type { Cost } from '../../platform/limits/cost-meter.ts';
import { presentError } from '../present-error.ts';
import { answerType } from './accept.ts';

/** Why an operation is not executed, as an answer over HTTP. */
interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly GraphQLFormattedError[];
}

type Tools = Parameters<typeof presentError>[0];

/** The refusal of a document that cannot be executed, or is not known. */
export function refuseDocument(ctx: Tools, errors: readonly [GraphQLError, ...GraphQLError[]]): Refusal {
  const shown = errors.map((error) => presentError(ctx, error.toJSON(), error));
  // Apollo's protocol calls that a success. A cache must not answer with it once the text is known.
  return isHashUnknown({ errors })
    ? { status: 200, headers: { 'cache-control': 'no-store' }, errors: shown }
    : { status: 400, headers: {}, errors: shown };
}

/** The refusal of a request that is none, or of a viewer who has asked for too much; null for any other failure. */
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
