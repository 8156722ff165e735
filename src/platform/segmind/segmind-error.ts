import { cleanText } from '../../text.ts';
import { maxDetailLength } from './clean-detail.ts';
import type { Spooled } from './spool.ts';

/**
 * What a failure means for the caller's money. RETRY: the job was certainly not taken, and the request may be sent
 * again. REFUSED: it was certainly not taken, and the same request will not work. UNCERTAIN: it may have been taken and
 * paid for. Only a submit or a synchronous run can be UNCERTAIN.
 */
export type Meaning = 'RETRY' | 'REFUSED' | 'UNCERTAIN';

/** The kind of failure. The codes of HTTP statuses are explained in `status-meaning.ts`. */
export type SegmindErrorCode =
  | 'BAD_REQUEST'
  | 'UNAUTHORIZED'
  | 'NO_CREDITS'
  | 'FORBIDDEN'
  | 'MODEL_NOT_FOUND'
  /** The provider does not know the request id: not yet, or no longer. */
  | 'REQUEST_NOT_FOUND'
  | 'OUTPUT_NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_ACCEPTABLE'
  | 'GONE'
  | 'TOO_LARGE'
  | 'JOB_FAILED'
  | 'RATE_LIMITED'
  | 'SERVER_ERROR'
  | 'BAD_GATEWAY'
  | 'UNAVAILABLE'
  | 'GATEWAY_TIMEOUT'
  | 'REDIRECTED'
  | 'UNEXPECTED_STATUS'
  /** There was no connection (DNS, refused, TLS), so nothing was sent. */
  | 'NOT_CONNECTED'
  | 'CONNECTION_LOST'
  | 'TIMED_OUT'
  /** The caller's own signal ended the exchange. */
  | 'ABORTED'
  /** The result was requested while the job still runs. */
  | 'NOT_FINISHED'
  /** A success that is no answer of this API: HTML of a gateway, or truncated JSON. */
  | 'ANSWER_UNREADABLE'
  /** An answer with a success status that lacks required content, or has unsafe content. */
  | 'ANSWER_INVALID'
  /** A picture at a host that is not allowed, behind a redirect, or too large. */
  | 'OUTPUT_REFUSED';

interface SegmindErrorFacts {
  readonly code: SegmindErrorCode;
  readonly meaning: Meaning;
  readonly httpStatus?: number;
  readonly retryAt?: Date | null;
  readonly detail?: string | null;
  readonly isRouteRefused?: boolean;
  readonly answer?: Buffer;
  readonly spooled?: Spooled;
  readonly cause?: unknown;
}

/** The one error of this module. */
export class SegmindError extends Error {
  override name = 'SegmindError';
  readonly code: SegmindErrorCode;
  readonly meaning: Meaning;
  /** Null when no answer came. */
  readonly httpStatus: number | null;
  /** When to try again; null when the provider gives no time. */
  readonly retryAt: Date | null;
  /** The provider's text, shortened, without keys and pictures. */
  readonly detail: string | null;
  /** Whether the route does not exist for any model. Another version of the API may have it. */
  readonly isRouteRefused: boolean;
  /** Private, because a logged error must not contain a whole answer. */
  readonly #answer: Buffer | null;
  readonly #spooled: Spooled | null;

  constructor(facts: SegmindErrorFacts) {
    const { code, meaning, httpStatus = null, retryAt = null, isRouteRefused = false } = facts;
    // Cleaned, because the message of a failed connection may quote a certificate or a broken answer.
    const detail = cleanText(facts.detail ?? '', maxDetailLength) || null;
    const status = httpStatus === null ? '' : ` (HTTP ${httpStatus})`;
    super(`Segmind: ${code}${status}${detail ? `: ${detail}` : ''}`, { cause: facts.cause });
    this.code = code;
    this.meaning = meaning;
    this.httpStatus = httpStatus;
    this.retryAt = retryAt;
    this.detail = detail;
    this.isRouteRefused = isRouteRefused;
    this.#answer = facts.answer ?? null;
    this.#spooled = facts.spooled ?? null;
  }

  /** The body of an answer with a success status and no picture, without the key; null for every other failure. */
  get answer(): Buffer | null {
    return this.#answer;
  }

  /** A body that is too large to be inspected, stored outside of memory; null for every other failure. */
  get spooled(): Spooled | null {
    return this.#spooled;
  }
}
