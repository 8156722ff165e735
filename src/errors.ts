/**
 * The family of expected failures. Use cases only throw; the class decides what a client sees, and
 * `presentError` is the one place that decides. Imports nothing.
 */

/** Where in the input the problem is: field names and list indexes from the mutation's argument down. */
export type InputPath = readonly (string | number)[];

/** A failure that the caller could have avoided by asking differently: shown as `payload.userErrors`. */
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

/** A value that is missing, malformed or out of range. The message names the range and what came. */
export class InputProblem extends UserError {
  override name = 'InputProblem';

  constructor(path: InputPath, message: string, code = 'INVALID_INPUT') {
    super(code, message, path);
  }
}

/** Several problems of one input, told at once so that a form can mark every field. */
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

/** A budget has no room for what was asked. The message names the budgets, and what they have available. */
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

/** A member without the role. Top-level `errors[]`, code `FORBIDDEN`. */
export class Forbidden extends Error {
  override name = 'Forbidden';
}

/** Nothing the viewer may see has this id; a stranger's, a random and a malformed id look the same. */
export class NotFound extends Error {
  override name = 'NotFound';

  constructor(what: string) {
    super(`No ${what} with this id.`);
  }
}

/** An argument of a read is unusable: top-level `errors[]`, code `BAD_USER_INPUT`. */
export class BadArgument extends Error {
  override name = 'BadArgument';
}

/** A request that cannot be read as one: HTTP 400. */
export class BadRequest extends Error {
  override name = 'BadRequest';
}

/** A body in a form that this server does not read: HTTP 415. */
export class UnsupportedMedia extends Error {
  override name = 'UnsupportedMedia';
}

/** A body of more bytes than are taken: HTTP 413. */
export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge';

  constructor() {
    super('The body is larger than this server takes.');
  }
}

/** Too much, too fast: code `RATE_LIMITED`; the same request does later. */
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

/** The database or another part we depend on does not answer now: code `SERVICE_UNAVAILABLE`, safe to retry. */
export class Unavailable extends Error {
  override name = 'Unavailable';
}

/** All clients together ask for more than this process does at a time: code `SERVICE_UNAVAILABLE`, safe to retry. */
export class Overloaded extends Unavailable {
  override name = 'Overloaded';
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterMs: number) {
    const seconds = wholeSeconds(retryAfterMs);
    super(`${message} Try again in ${seconds} s.`);
    this.retryAfterSeconds = seconds;
  }
}

/** Whether the same request does later, when there is less to do. */
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

/** Narrows anything thrown to an Error, also one of another realm, so that loggers and boundaries need one shape. */
export function toError(thrown: unknown): Error {
  const isError = thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]';
  return isError ? (thrown as Error) : new Error(String(thrown));
}

/** The code that Node, Postgres and others give their errors, if there is one. */
export function errorCode(thrown: unknown): string | undefined {
  const code = thrown !== null && typeof thrown === 'object' && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Open files, memory, ports, disk. */
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

/** Whether the machine, or an operator's limit, had no more of what was needed; later it may have. */
export function isExhausted(thrown: unknown): boolean {
  for (let depth = 0, each = thrown; depth < 6 && each instanceof Object; depth += 1) {
    if (exhaustionCodes.includes(errorCode(each) ?? '')) return true;
    each = 'cause' in each ? each.cause : null;
  }
  return false;
}
