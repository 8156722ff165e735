import { cutText } from '../../text.ts';

/** Why a run ends without pictures; each with the message for the caller. */
export const failureCodes = {
  PROVIDER_REJECTED: 'The provider refused the request; nothing was paid.',
  PROVIDER_UNAUTHORIZED: 'The provider refused the API key; nothing was paid.',
  PROVIDER_FORBIDDEN: 'The provider does not let this account use the model; nothing was paid.',
  PROVIDER_OUT_OF_CREDITS: 'The provider account has too few credits; nothing was paid.',
  MODEL_UNAVAILABLE: 'The provider no longer offers the model; nothing was paid.',
  PROVIDER_FAILED: 'The provider took the run, and the run failed there.',
  PROVIDER_UNAVAILABLE: 'The provider could not be reached.',
  CONTENT_BLOCKED: "The provider's content rules stopped the run.",
  SUBMISSION_UNCERTAIN:
    'The connection broke while the run was submitted: the provider may have taken and charged it.',
  RESULT_EXPIRED: 'The provider no longer has the result, which was paid for.',
  RESULT_INVALID: "The provider's result contains no usable picture; it was paid for.",
  STORAGE_FAILED: 'The pictures could not be stored here in time; they were paid for.',
  ENVIRONMENT_CHANGED:
    'The run was requested in another provider environment and is not sent to this one; nothing was paid.',
  REFERENCE_MISSING: 'A picture that the run refers to is no longer in storage; nothing was paid.',
  APPROVAL_REJECTED: 'An owner rejected the run; nothing was paid.',
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
