import { randomUUID } from 'node:crypto';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import {
  BadArgument,
  BadRequest,
  Forbidden,
  InputProblem,
  isForLater,
  NotFound,
  RateLimited,
  StorageUnavailable,
  toError,
  Unauthenticated,
  Unavailable,
} from '../errors.ts';
import { explainUnavailable } from './explain-unavailable.ts';
import type { ServerContext } from './server-context.ts';

/** The expected failures whose messages are shown unchanged, and their codes. */
const codes: readonly (readonly [type: new (...args: never[]) => Error, code: string])[] = [
  [NotFound, 'NOT_FOUND'],
  [Forbidden, 'FORBIDDEN'],
  [Unauthenticated, 'UNAUTHENTICATED'],
  [BadArgument, 'BAD_USER_INPUT'],
  [BadRequest, 'BAD_REQUEST'],
  [InputProblem, 'BAD_USER_INPUT'],
  [RateLimited, 'RATE_LIMITED'],
  [Unavailable, 'SERVICE_UNAVAILABLE'],
  [StorageUnavailable, 'STORAGE_UNAVAILABLE'],
];

/**
 * Makes every error safe to show, for both transports. Expected failures and GraphQL's own errors are shown. Any
 * other error becomes "Unexpected error." with a reference, under which the full error is logged.
 */
export function presentError(
  { log, config, outages }: Pick<ServerContext, 'log' | 'config' | 'outages'>,
  formatted: GraphQLFormattedError,
  thrown: unknown,
): GraphQLFormattedError {
  const cause = unwrapResolverError(thrown);
  const { message, path, locations } = formatted;
  const known = codes.find(([type]) => cause instanceof type);
  if (known && cause instanceof Error) {
    // A refusal because of too many requests is no outage.
    const isAway = cause instanceof StorageUnavailable || cause instanceof Unavailable;
    if (isAway && !isForLater(cause)) outages.note(cause);
    const later = isForLater(cause) ? { retryAfterSeconds: cause.retryAfterSeconds } : {};
    return { message: cause.message, path, locations, extensions: { code: known[1], ...later } };
  }
  if (cause instanceof GraphQLError) {
    const code = cause.extensions.code ?? formatted.extensions?.code ?? 'BAD_USER_INPUT';
    const shown = config.INTROSPECTION === 'on' ? message : withoutSuggestions(message);
    return { message: shown, path, locations, extensions: { code } };
  }
  const unavailable = explainUnavailable(cause);
  if (unavailable !== null) {
    outages.note(cause);
    return { message: unavailable, path, locations, extensions: { code: 'SERVICE_UNAVAILABLE' } };
  }
  const reference = randomUUID();
  log.error({ err: toError(cause), reference }, 'unexpected error');
  return {
    message: 'Unexpected error.',
    path,
    locations,
    extensions: { code: 'INTERNAL_SERVER_ERROR', reference },
  };
}

/**
 * Removes suggestions of names, because they would show the schema to a viewer who may not see it. The pattern is
 * bounded, because the message contains text of the client.
 */
function withoutSuggestions(message: string): string {
  return message.replace(/ ?Did you mean [^?]{1,300}\?/g, '');
}
