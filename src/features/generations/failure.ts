import { cutText } from '../../text.ts';

/** Why a run ends without pictures; each with what it tells the caller. */
export const failureCodes = {
  PROVIDER_REJECTED: 'The provider refused the request as it is; nothing was paid.',
  PROVIDER_UNAUTHORIZED: 'The provider refused the API key; nothing was paid.',
  PROVIDER_FORBIDDEN: 'The provider does not let this account use the model; nothing was paid.',
  PROVIDER_OUT_OF_CREDITS: 'The provider account has too few credits; nothing was paid.',
  MODEL_UNAVAILABLE: 'The provider no longer offers the model; nothing was paid.',
  PROVIDER_FAILED: 'The provider took the run and failed at it.',
  PROVIDER_UNAVAILABLE: 'The provider could not be reached.',
  CONTENT_BLOCKED: "The provider's content rules stopped the run.",
  SUBMISSION_UNCERTAIN:
    'The connection broke while the run was handed over: it may have been taken and paid.',
  RESULT_EXPIRED: 'The provider no longer has the result; it was paid for.',
  RESULT_INVALID: 'The provider delivered nothing usable; it was paid for.',
  STORAGE_FAILED: 'The pictures could not be stored here in time; they were paid for.',
  ENVIRONMENT_CHANGED:
    'It was asked for under another provider environment, and is not sent to this one; nothing was paid.',
  REFERENCE_MISSING: 'A picture that the run was given is no longer in storage; nothing was paid.',
  APPROVAL_REJECTED: 'An owner turned it down; nothing was paid.',
} as const;
export type FailureCode = keyof typeof failureCodes;

/** A failure as a run keeps it. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
  readonly retryable: boolean;
}

const maxMessageLength = 1_000;

/** The columns that keep a failure. */
export function failureColumns({ code, message, retryable }: Failure) {
  return {
    failureCode: code,
    failureMessage: cutText(message, maxMessageLength),
    failureRetryable: retryable,
  };
}

/** A failure as clients see it; null of a run that has none. The code may be one that only a newer version knows. */
export function failureOf({
  failureCode,
  failureMessage,
  failureRetryable,
}: {
  readonly failureCode: string | null;
  readonly failureMessage: string | null;
  readonly failureRetryable: boolean | null;
}) {
  if (failureCode === null) return null;
  return { code: failureCode, message: failureMessage ?? '', retryable: failureRetryable ?? false };
}
