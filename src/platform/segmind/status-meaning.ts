import type { Meaning, SegmindErrorCode } from './segmind-error.ts';

/**
 * What is asked of the provider. A SUBMIT may cost money, on either version of the API; READ asks after a job or
 * the account; UPLOAD stores a picture, which is free; DOWNLOAD fetches a delivered one.
 */
export type Call = 'SUBMIT' | 'READ' | 'UPLOAD' | 'DOWNLOAD';

interface Line {
  readonly code: SegmindErrorCode;
  /** For a submit: does the status prove that nothing was taken? */
  readonly submit: Meaning;
  /** For a read or a download, which can always be repeated: may it work later as it is? */
  readonly read: Exclude<Meaning, 'UNCERTAIN'>;
}

const lines: Readonly<Record<number, Line>> = {
  /** "Moved" is told before anything runs; following it would carry the key to another address. */
  301: { code: 'REDIRECTED', submit: 'REFUSED', read: 'REFUSED' },
  /** The old habit after a POST: "taken, now look over there". */
  302: { code: 'REDIRECTED', submit: 'UNCERTAIN', read: 'REFUSED' },
  /** By the standard the answer to a POST that was taken. */
  303: { code: 'REDIRECTED', submit: 'UNCERTAIN', read: 'REFUSED' },
  /** "Send the same request there": not taken here. */
  307: { code: 'REDIRECTED', submit: 'REFUSED', read: 'REFUSED' },
  /** As 307, for good. */
  308: { code: 'REDIRECTED', submit: 'REFUSED', read: 'REFUSED' },
  /** Malformed body, missing field, unknown path: checked before anything runs. */
  400: { code: 'BAD_REQUEST', submit: 'REFUSED', read: 'REFUSED' },
  /** No key or a bad one. A job that was taken may still be read once the key is put right. */
  401: { code: 'UNAUTHORIZED', submit: 'REFUSED', read: 'RETRY' },
  /** Not documented, but what an empty account gets from the asynchronous API. */
  402: { code: 'NO_CREDITS', submit: 'REFUSED', read: 'RETRY' },
  /** The key is good, but the account may not use this model. */
  403: { code: 'FORBIDDEN', submit: 'REFUSED', read: 'RETRY' },
  /** No such model; on a read, no such request: perhaps only not yet. */
  404: { code: 'MODEL_NOT_FOUND', submit: 'REFUSED', read: 'RETRY' },
  /** Wrong verb: an HTML page of the gateway. */
  405: { code: 'METHOD_NOT_ALLOWED', submit: 'REFUSED', read: 'REFUSED' },
  /** Content type, a value checked beforehand, credits or a spending limit: told apart by the text. */
  406: { code: 'NOT_ACCEPTABLE', submit: 'REFUSED', read: 'REFUSED' },
  /** The model is retired. */
  410: { code: 'GONE', submit: 'REFUSED', read: 'REFUSED' },
  /** The body did not pass the gateway. */
  413: { code: 'TOO_LARGE', submit: 'REFUSED', read: 'REFUSED' },
  /** The job ran and failed, or never validated. Only HTTP 200 is billed. */
  422: { code: 'JOB_FAILED', submit: 'REFUSED', read: 'REFUSED' },
  /** Too many requests: turned away at the door. */
  429: { code: 'RATE_LIMITED', submit: 'RETRY', read: 'RETRY' },
  /** Often a bad value that reached the model, so the job had been taken. */
  500: { code: 'SERVER_ERROR', submit: 'UNCERTAIN', read: 'RETRY' },
  /** The gateway lost what stands behind it, perhaps after handing the job over. */
  502: { code: 'BAD_GATEWAY', submit: 'UNCERTAIN', read: 'RETRY' },
  /** Most likely not taken, but nothing proves it. */
  503: { code: 'UNAVAILABLE', submit: 'UNCERTAIN', read: 'RETRY' },
  /** The gateway stopped waiting; the job may run on. */
  504: { code: 'GATEWAY_TIMEOUT', submit: 'UNCERTAIN', read: 'RETRY' },
};

const aboutMoney = /credit|balance|spend|budget/i;

/**
 * What a status without success means; `text` is the answer as `answerText` gives it. A status that the provider's documents
 * do not describe is UNCERTAIN for a submit and worth another try for everything else.
 */
export function statusMeaning(
  httpStatus: number,
  call: Call,
  text: string,
): { code: SegmindErrorCode; meaning: Meaning } {
  const line = lines[httpStatus] ?? { code: 'UNEXPECTED_STATUS', submit: 'UNCERTAIN', read: 'RETRY' };
  const code = codeOf(line, httpStatus, call, text);
  if (call === 'SUBMIT') return { code, meaning: line.submit };
  if (call !== 'UPLOAD') return { code, meaning: line.read };
  // An upload that may have arrived costs nothing when it is sent again.
  return { code, meaning: line.submit === 'UNCERTAIN' ? 'RETRY' : line.submit };
}

function codeOf(line: Line, httpStatus: number, call: Call, text: string): SegmindErrorCode {
  if (httpStatus === 406 && aboutMoney.test(text)) return 'NO_CREDITS';
  if (call === 'DOWNLOAD' && line.code === 'REDIRECTED') return 'OUTPUT_REFUSED';
  if (httpStatus !== 404 || call === 'SUBMIT') return line.code;
  if (call === 'DOWNLOAD') return 'OUTPUT_NOT_FOUND';
  // Only the API itself can say that it does not know a request; a gateway without the route cannot.
  return call === 'READ' && !isRouteRefused(httpStatus, text) ? 'REQUEST_NOT_FOUND' : 'UNEXPECTED_STATUS';
}

/**
 * Whether the answer says that the route does not exist, and not that the model on it does not: the gateway's
 * 405, its text for paths that lead nowhere, or a 404 that is no JSON.
 */
export function isRouteRefused(httpStatus: number, text: string): boolean {
  if (httpStatus === 405) return true;
  if (httpStatus !== 400 && httpStatus !== 404) return false;
  return /missing host header/i.test(text) || (httpStatus === 404 && !text.startsWith('{'));
}
