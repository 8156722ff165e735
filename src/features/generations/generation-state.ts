/**
 * The state machine of a run, as a table. Pure: who may move a run, and what is written with it, is
 * move-generation's business.
 */
export const generationStatuses = [
  'AWAITING_APPROVAL',
  'QUEUED',
  'SUBMITTING',
  'SUBMITTED',
  'PROCESSING',
  'STORING',
  'COMPLETED',
  'FAILED',
  'CANCELED',
  'UNCERTAIN',
] as const;
export type GenerationStatus = (typeof generationStatuses)[number];

/** From each status, where a run may go. What is not here does not happen, whatever the provider answers. */
const transitions: Readonly<Record<GenerationStatus, readonly GenerationStatus[]>> = {
  // Failed when the database goes over to another provider environment.
  AWAITING_APPROVAL: ['QUEUED', 'CANCELED', 'FAILED', 'UNCERTAIN'],
  // Uncertain in the restored copy of a database: it may have been submitted since the copy was made.
  QUEUED: ['SUBMITTING', 'CANCELED', 'FAILED', 'UNCERTAIN'],
  // Back to the queue only with proof that the provider took nothing.
  SUBMITTING: ['SUBMITTED', 'STORING', 'QUEUED', 'FAILED', 'CANCELED', 'UNCERTAIN'],
  SUBMITTED: ['PROCESSING', 'STORING', 'FAILED'],
  PROCESSING: ['STORING', 'FAILED'],
  STORING: ['COMPLETED', 'FAILED'],
  // The holder of the attempt may come back late with the provider's answer.
  UNCERTAIN: ['SUBMITTED', 'STORING', 'QUEUED', 'FAILED'],
  COMPLETED: [],
  FAILED: [],
  CANCELED: [],
};

/** Whether a run may go from one status to another. */
export function canMove(from: GenerationStatus, to: GenerationStatus): boolean {
  return transitions[from].includes(to);
}

/** Whether nothing can change any more. */
export function isFinal(status: GenerationStatus): boolean {
  return transitions[status].length === 0;
}

/** Whether the run moves no further by itself: final, or waiting for proof or a person. */
export function isAtRest(status: GenerationStatus): boolean {
  return isFinal(status) || status === 'UNCERTAIN';
}

/** Whether the provider has the run, will have it next, or may have it: it keeps its slot, where it has one. */
export function keepsSlot(status: GenerationStatus): boolean {
  return ['QUEUED', 'SUBMITTING', 'SUBMITTED', 'PROCESSING', 'UNCERTAIN'].includes(status);
}

/** The statuses from which a run may reach `to`. */
export function statusesBefore(to: GenerationStatus): GenerationStatus[] {
  return generationStatuses.filter((from) => canMove(from, to));
}
