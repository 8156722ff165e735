import type { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { type Failure, type FailureCode, failureCodes } from '../generations/failure.ts';
import type { ReferenceMissing } from './reference-urls.ts';

/** The failure code of a run that the provider certainly did not take, by the error code of the provider's client. */
const refusals: Readonly<Partial<Record<string, FailureCode>>> = {
  UNAUTHORIZED: 'PROVIDER_UNAUTHORIZED',
  FORBIDDEN: 'PROVIDER_FORBIDDEN',
  NO_CREDITS: 'PROVIDER_OUT_OF_CREDITS',
  MODEL_NOT_FOUND: 'MODEL_UNAVAILABLE',
  GONE: 'MODEL_UNAVAILABLE',
};

/** Refusals because of the account: the same run may work once an operator has corrected the account. */
const curable: readonly FailureCode[] = [
  'PROVIDER_UNAUTHORIZED',
  'PROVIDER_FORBIDDEN',
  'PROVIDER_OUT_OF_CREDITS',
];

/** The failure of a refused submit. It includes the provider's message, which has no secrets in it. */
export function failureOfRefusal(error: SegmindError): Failure {
  const code = refusals[error.code] ?? 'PROVIDER_REJECTED';
  return { code, message: withDetail(failureCodes[code], error.detail), retryable: curable.includes(code) };
}

/**
 * The failure of a run that the provider took and ended as FAILED. The provider has no separate state for a run that
 * was blocked because of its content, so the message decides.
 */
export function failureOfRun(detail: string | null): Failure {
  const isBlocked = /content[_ ]policy|nsfw|safety|moderat|\bRAI\b|blocked|prohibited|sensitive/i.test(
    detail ?? '',
  );
  const code = isBlocked ? 'CONTENT_BLOCKED' : 'PROVIDER_FAILED';
  return { code, message: withDetail(failureCodes[code], detail), retryable: !isBlocked };
}

/** The failure of a run with a missing picture. After the picture is uploaded again, the same run works. */
export function failureOfReference({ parameter }: ReferenceMissing): Failure {
  const message = `${failureCodes.REFERENCE_MISSING} It was given as ${parameter}.`;
  return { code: 'REFERENCE_MISSING', message, retryable: true };
}

function withDetail(sentence: string, detail: string | null): string {
  return detail ? `${sentence} It said: ${detail}` : sentence;
}
