import type { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { type Failure, type FailureCode, failureCodes } from '../generations/failure.ts';
import type { ReferenceMissing } from './reference-urls.ts';

/** What a run's failure is called when the provider certainly took nothing, by the client's error code. */
const refusals: Readonly<Partial<Record<string, FailureCode>>> = {
  UNAUTHORIZED: 'PROVIDER_UNAUTHORIZED',
  FORBIDDEN: 'PROVIDER_FORBIDDEN',
  NO_CREDITS: 'PROVIDER_OUT_OF_CREDITS',
  MODEL_NOT_FOUND: 'MODEL_UNAVAILABLE',
  GONE: 'MODEL_UNAVAILABLE',
};

/** Refusals that lie with the account: the same request may work once somebody has seen to it. */
const curable: readonly FailureCode[] = [
  'PROVIDER_UNAUTHORIZED',
  'PROVIDER_FORBIDDEN',
  'PROVIDER_OUT_OF_CREDITS',
];

/** Names a refused submit. The provider's own words come along, already free of secrets. */
export function failureOfRefusal(error: SegmindError): Failure {
  const code = refusals[error.code] ?? 'PROVIDER_REJECTED';
  return { code, message: withDetail(failureCodes[code], error.detail), retryable: curable.includes(code) };
}

/** Names a run that the provider took and ended as FAILED; its content rules have no state of their own. */
export function failureOfRun(detail: string | null): Failure {
  const isBlocked = /content[_ ]policy|nsfw|safety|moderat|\bRAI\b|blocked|prohibited|sensitive/i.test(
    detail ?? '',
  );
  const code = isBlocked ? 'CONTENT_BLOCKED' : 'PROVIDER_FAILED';
  return { code, message: withDetail(failureCodes[code], detail), retryable: !isBlocked };
}

/** Names a picture that is missing. When it is uploaded once more, the same run works. */
export function failureOfReference({ parameter }: ReferenceMissing): Failure {
  const message = `${failureCodes.REFERENCE_MISSING} It was given as ${parameter}.`;
  return { code: 'REFERENCE_MISSING', message, retryable: true };
}

function withDetail(sentence: string, detail: string | null): string {
  return detail ? `${sentence} It said: ${detail}` : sentence;
}
