import type { Meaning, SegmindErrorCode } from './segmind-error.ts';

/**
 * The kind of a request to the provider. SUBMIT starts a job and may cost money, on either version of the API; READ
 * reads a job or the account; UPLOAD stores a picture, which is free; DOWNLOAD fetches a delivered picture.
 */
export type Call = 'SUBMIT' | 'READ' | 'UPLOAD' | 'DOWNLOAD';

interface Line {
  readonly code: SegmindErrorCode;
  /** For a submit: whether the status proves that no job was taken. */
  readonly submit: Meaning;
  /** For a read or a download, which can always be repeated: whether the same request may work later. */
  readonly read: Exclude<Meaning, 'UNCERTAIN'>;
}

const lines: Readonly<Record<number, Line>> = {
  /** "Moved" is answered before a job runs. It is not followed, because that would send the key to another address. */
  301: { code: 'REDIRECTED', submit: 'REFUSED', read: 'REFUSED' },
  /** By an old custom the answer to a POST that was taken. */
  302: { code: 'REDIRECTED', submit: 'UNCERTAIN', read: 'REFUSED' },
  /** By the HTTP standard the answer to a POST that was taken. */
  303: { code: 'REDIRECTED', submit: 'UNCERTAIN', read: 'REFUSED' },
  /** "Send the same request to that address": it was not taken here. */
  307: { code: 'REDIRECTED', submit: 'REFUSED', read: 'REFUSED' },
  /** As 307, but permanent. */
  308: { code: 'REDIRECTED', submit: 'REFUSED', read: 'REFUSED' },
  /** A malformed body, a missing field or an unknown path. These are checked before a job runs. */
  400: { code: 'BAD_REQUEST', submit: 'REFUSED', read: 'REFUSED' },
  /** No key or an invalid key. A job that was taken can still be read when the key is corrected. */
  401: { code: 'UNAUTHORIZED', submit: 'REFUSED', read: 'RETRY' },
  /** Not documented. The asynchronous API answers with it when the account is empty. */
  402: { code: 'NO_CREDITS', submit: 'REFUSED', read: 'RETRY' },
  /** The key is valid, but the account may not use this model. */
  403: { code: 'FORBIDDEN', submit: 'REFUSED', read: 'RETRY' },
  /** No such model. On a read there is no such request, perhaps only not yet. */
  404: { code: 'MODEL_NOT_FOUND', submit: 'REFUSED', read: 'RETRY' },
  /** A wrong HTTP method: an HTML page of the gateway. */
  405: { code: 'METHOD_NOT_ALLOWED', submit: 'REFUSED', read: 'REFUSED' },
  /** A content type, an invalid value, credits or a spending limit. The text shows whether it is about money. */
  406: { code: 'NOT_ACCEPTABLE', submit: 'REFUSED', read: 'REFUSED' },
  /** The model is retired. */
  410: { code: 'GONE', submit: 'REFUSED', read: 'REFUSED' },
  /** The gateway refused the body. */
  413: { code: 'TOO_LARGE', submit: 'REFUSED', read: 'REFUSED' },
  /** The job ran and failed, or its request was not valid. Only HTTP 200 is billed. */
  422: { code: 'JOB_FAILED', submit: 'REFUSED', read: 'REFUSED' },
  /** Too many requests: refused before a job is taken. */
  429: { code: 'RATE_LIMITED', submit: 'RETRY', read: 'RETRY' },
  /** Often an invalid value that reached the model, so the job had been taken. */
  500: { code: 'SERVER_ERROR', submit: 'UNCERTAIN', read: 'RETRY' },
  /** The gateway lost the service behind it, perhaps after it had passed the job on. */
  502: { code: 'BAD_GATEWAY', submit: 'UNCERTAIN', read: 'RETRY' },
  /** Most likely the job was not taken, but this is not proved. */
  503: { code: 'UNAVAILABLE', submit: 'UNCERTAIN', read: 'RETRY' },
  /** The gateway stopped waiting, and the job may continue. */
  504: { code: 'GATEWAY_TIMEOUT', submit: 'UNCERTAIN', read: 'RETRY' },
};

const aboutMoney = /credit|balance|spend|budget/i;

/**
 * The meaning of a status that is not a success; `text` is the answer as `answerText` returns it. A status that is not
 * in the table is UNCERTAIN for a submit and worth another try for every other request.
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
  // An upload is free, so it may be sent again also when it may have arrived.
  return { code, meaning: line.submit === 'UNCERTAIN' ? 'RETRY' : line.submit };
}

function codeOf(line: Line, httpStatus: number, call: Call, text: string): SegmindErrorCode {
  if (httpStatus === 406 && aboutMoney.test(text)) return 'NO_CREDITS';
  if (call === 'DOWNLOAD' && line.code === 'REDIRECTED') return 'OUTPUT_REFUSED';
  if (httpStatus !== 404 || call === 'SUBMIT') return line.code;
  if (call === 'DOWNLOAD') return 'OUTPUT_NOT_FOUND';
  // Only the API itself can prove that it does not know a request. A gateway without the route cannot.
  return call === 'READ' && !isRouteRefused(httpStatus, text) ? 'REQUEST_NOT_FOUND' : 'UNEXPECTED_STATUS';
}

/**
 * Whether the answer means that the route does not exist, and not only the model: the gateway's 405, its text for
 * unknown paths, or a 404 that is no JSON.
 */
export function isRouteRefused(httpStatus: number, text: string): boolean {
  if (httpStatus === 405) return true;
  if (httpStatus !== 400 && httpStatus !== 404) return false;
  return /missing host header/i.test(text) || (httpStatus === 404 && !text.startsWith('{'));
}
