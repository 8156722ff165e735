import { describe, expect, it } from '@jest/globals';
import {
  canMove,
  generationStatuses,
  isAtRest,
  isFinal,
  statusesBefore,
} from '../../../src/features/generations/generation-state.ts';

describe('the state machine', () => {
  it('never leaves a final status', () => {
    const final = generationStatuses.filter(isFinal);
    expect(final).toEqual(['COMPLETED', 'FAILED', 'CANCELED']);
    for (const from of final) for (const to of generationStatuses) expect(canMove(from, to)).toBe(false);
  });

  it('cancels only what certainly was not taken', () => {
    expect(statusesBefore('CANCELED')).toEqual(['AWAITING_APPROVAL', 'QUEUED', 'SUBMITTING']);
  });

  it('submits only from the queue, and never goes back from a submitted run', () => {
    expect(statusesBefore('SUBMITTING')).toEqual(['QUEUED']);
    expect(statusesBefore('QUEUED')).toEqual(['AWAITING_APPROVAL', 'SUBMITTING', 'UNCERTAIN']);
    expect(canMove('PROCESSING', 'SUBMITTED')).toBe(false);
    expect(canMove('STORING', 'PROCESSING')).toBe(false);
  });

  it('rests at the end and in doubt', () => {
    expect(generationStatuses.filter(isAtRest)).toEqual(['COMPLETED', 'FAILED', 'CANCELED', 'UNCERTAIN']);
  });
});
