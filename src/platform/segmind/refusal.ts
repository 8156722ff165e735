import { cleanDetail } from './clean-detail.ts';
import type { Answer } from './exchange.ts';
import { answerText, errorText, parseBody } from './result.ts';
import { readRetryAt } from './retry-at.ts';
import { SegmindError } from './segmind-error.ts';
import type { Spooled } from './spool.ts';
import { type Call, isRouteRefused, statusMeaning } from './status-meaning.ts';

/** The error for an answer whose status is not a success. */
export function refusal(answer: Answer, call: Call, apiKey: string): SegmindError {
  const { httpStatus, headers, bytes } = answer;
  const text = answerText(bytes);
  const isHtml = text.startsWith('<');
  const words = errorText(parseBody(bytes)) ?? (isHtml ? '' : text);
  return new SegmindError({
    ...statusMeaning(httpStatus, call, text),
    httpStatus,
    retryAt: readRetryAt(headers, new Date()),
    detail: cleanDetail(words, apiKey),
    isRouteRefused: isRouteRefused(httpStatus, text),
  });
}

/**
 * The error for an answer whose status is a success and whose content is not. After a submit it may have been paid for.
 * A read is worth another try when the answer cannot come from the API itself (`ANSWER_UNREADABLE`), and not when it
 * can (`ANSWER_INVALID`). `kept` is the content that a person may look at.
 */
export function nonsense(
  code: 'ANSWER_INVALID' | 'ANSWER_UNREADABLE',
  { httpStatus }: Answer,
  call: Call,
  detail: string | null,
  kept: { readonly answer?: Buffer; readonly spooled?: Spooled } = {},
): SegmindError {
  const meaning = call === 'SUBMIT' ? 'UNCERTAIN' : code === 'ANSWER_INVALID' ? 'REFUSED' : 'RETRY';
  return new SegmindError({ code, meaning, httpStatus, detail, ...kept });
}
