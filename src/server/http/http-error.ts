import type { FastifyError } from 'fastify';
import {
  BadRequest,
  BodyTooLarge,
  Forbidden,
  InputProblem,
  isForLater,
  NotFound,
  RateLimited,
  StorageUnavailable,
  Unauthenticated,
  UnsupportedMedia,
  UserError,
} from '../../errors.ts';
import { explainUnavailable } from '../explain-unavailable.ts';

/** The response to a request that failed outside GraphQL. Its body has the shape of GraphQL's errors. */
export interface HttpFailure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Chooses the response for an error. An error that is not expected becomes "Unexpected error." */
export function presentHttpError(error: FastifyError): HttpFailure {
  const { message } = error;
  if (error instanceof Unauthenticated) return { status: 401, code: 'UNAUTHENTICATED', message };
  if (error instanceof Forbidden) return { status: 403, code: 'FORBIDDEN', message };
  if (error instanceof NotFound) return { status: 404, code: 'NOT_FOUND', message };
  if (error instanceof InputProblem) return { status: 400, code: error.code, message };
  if (error instanceof UserError) return { status: 409, code: error.code, message };
  if (error instanceof BadRequest) return { status: 400, code: 'BAD_REQUEST', message };
  if (error instanceof UnsupportedMedia) return { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', message };
  if (error instanceof BodyTooLarge) return { status: 413, code: 'BODY_TOO_LARGE', message };
  if (isForLater(error)) {
    const headers = { 'retry-after': String(error.retryAfterSeconds) };
    return error instanceof RateLimited
      ? { status: 429, code: 'RATE_LIMITED', message, headers }
      : { status: 503, code: 'SERVICE_UNAVAILABLE', message, headers };
  }
  if (error instanceof StorageUnavailable) return { status: 503, code: 'STORAGE_UNAVAILABLE', message };
  const unavailable = explainUnavailable(error);
  if (unavailable !== null) return { status: 503, code: 'SERVICE_UNAVAILABLE', message: unavailable };
  const status = error.statusCode ?? 500;
  if (status === 415) {
    return {
      status,
      code: 'UNSUPPORTED_MEDIA_TYPE',
      message: 'This server does not read bodies of this type.',
    };
  }
  if (status < 500) return { status, code: 'BAD_REQUEST', message };
  return { status: 500, code: 'INTERNAL_SERVER_ERROR', message: 'Unexpected error.' };
}
