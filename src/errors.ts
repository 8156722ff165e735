/**
 * The classes of expected failures. Use cases only throw them. `presentError` alone decides, by the class, what a
 * client sees. Imports nothing.
 */

/** The place of a problem in the input: field names and list indexes, starting at the mutation's argument. */
export type InputPath = readonly (string | number)[];

/** A failure that the caller can avoid with another request. It is shown in `payload.userErrors`. */
export class UserError extends Error {
  override name = 'UserError';
  /** Stable, machine-readable: clients switch on it. */
  readonly code: string;
  readonly path: InputPath | null;

  constructor(code: string, message: string, path: InputPath | null = null) {
    super(message);
    this.code = code;
    this.path = path;
  }
}

/** A value that is missing, malformed or out of range. The message names the range and the value that was sent. */
export class InputProblem extends UserError {
  override name = 'InputProblem';

  constructor(path: InputPath, message: string, code = 'INVALID_INPUT') {
    super(code, message, path);
  }
}

/** Several problems of one input, reported together so that a form can mark every field. */
export class InputProblems extends Error {
  override name = 'InputProblems';
  readonly problems: readonly UserError[];

  constructor(problems: readonly UserError[]) {
    super(problems.map((problem) => problem.message).join(' '));
    this.problems = problems;
  }
}

/** The request is sound but contradicts what is stored, for example a reused idempotency key. */
export class Conflict extends UserError {
  override name = 'Conflict';
}

/** A budget has too little left for the request. The message names the budgets, and what each has available. */
export class BudgetExceeded extends UserError {
  override name = 'BudgetExceeded';

  constructor(message: string, path: InputPath | null = null) {
    super('BUDGET_EXCEEDED', message, path);
  }
}

/** No viewer: the key is missing or wrong. Top-level `errors[]`, code `UNAUTHENTICATED`. */
export class Unauthenticated extends Error {
  override name = 'Unauthenticated';

  constructor(message = 'A valid key is needed: send "Authorization: Bearer <key>".') {
    super(message);
  }
}

/** The viewer is a member, but their role does not allow this. Top-level `errors[]`, code `FORBIDDEN`. */
export class Forbidden extends Error {
  override name = 'Forbidden';
}

/**
 * The viewer may see nothing that has this id. The answer is the same for an id of another user's object, for a
 * random id and for a malformed id.
 */
export class NotFound extends Error {
  override name = 'NotFound';

  constructor(what: string) {
    super(`No ${what} with this id.`);
  }
}

/** An argument of a query is not usable. Top-level `errors[]`, code `BAD_USER_INPUT`. */
export class BadArgument extends Error {
  override name = 'BadArgument';
}

/** A malformed request: HTTP 400. */
export class BadRequest extends Error {
  override name = 'BadRequest';
}

/** A body of a media type, charset or encoding that this server does not read: HTTP 415. */
export class UnsupportedMedia extends Error {
  override name = 'UnsupportedMedia';
}

/** A body of more bytes than the limit: HTTP 413. */
export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge';

  constructor() {
    super('The body is larger than this server accepts.');
  }
}

/** The client exceeds a rate limit: code `RATE_LIMITED`. The same request succeeds later. */
export class RateLimited extends Error {
  override name = 'RateLimited';
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterMs: number) {
    const seconds = wholeSeconds(retryAfterMs);
    super(`${message} Try again in ${seconds} s.`);
    this.retryAfterSeconds = seconds;
  }
}

function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}

/** The database, or another service that we depend on, does not answer: code `SERVICE_UNAVAILABLE`, safe to retry. */
export class Unavailable extends Error {
  override name = 'Unavailable';
}

/** All clients together exceed a limit of this process: code `SERVICE_UNAVAILABLE`, safe to retry. */
export class Overloaded extends Unavailable {
  override name = 'Overloaded';
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterMs: number) {
    const seconds = wholeSeconds(retryAfterMs);
    super(`${message} Try again in ${seconds} s.`);
    this.retryAfterSeconds = seconds;
  }
}

/** Whether the same request can succeed later, when the load is lower. */
export function isForLater(error: unknown): error is RateLimited | Overloaded {
  return error instanceof RateLimited || error instanceof Overloaded;
}

/** Pictures cannot be stored or read at the moment: code `STORAGE_UNAVAILABLE`, safe to retry. */
export class StorageUnavailable extends Error {
  override name = 'StorageUnavailable';

  constructor(options?: ErrorOptions) {
    super('Pictures cannot be stored or read at the moment. Try again.', options);
  }
}

/**
 * Turns any thrown value into an Error, so that loggers and error handlers need one type. An Error of another
 * JavaScript realm is kept as it is.
 */
export function toError(thrown: unknown): Error {
  const isError = thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]';
  return isError ? (thrown as Error) : new Error(String(thrown));
}

/** The `code` of an error, as Node, Postgres and others set it; undefined without one. */
export function errorCode(thrown: unknown): string | undefined {
  const code = thrown !== null && typeof thrown === 'object' && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** The error codes that mean that there are no more file handles, ports, memory or disk space. */
const exhaustionCodes = [
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOBUFS',
  'EAGAIN',
  'EADDRNOTAVAIL',
  'ENOSPC',
  'EDQUOT',
];

/** Whether the machine, or an operator's limit, had no free resource left. A later try may succeed. */
export function isExhausted(thrown: unknown): boolean {
  for (let depth = 0, each = thrown; depth < 6 && each instanceof Object; depth += 1) {
    if (exhaustionCodes.includes(errorCode(each) ?? '')) return true;
    each = 'cause' in each ? each.cause : null;
  }
  return false;
}
