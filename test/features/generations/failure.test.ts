import { expect, it } from '@jest/globals';
import { failureColumns } from '../../../src/features/generations/failure.ts';

it('the message of a failure is cut between characters', () => {
  const message = `${'a'.repeat(999)}😀`;
  expect(failureColumns({ code: 'PROVIDER_FAILED', message, retryable: false })).toEqual({
    failureCode: 'PROVIDER_FAILED',
    failureMessage: 'a'.repeat(999),
    failureRetryable: false,
  });
});
