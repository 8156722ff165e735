/**
 * The state machine of a run, as a table. It is pure. `move-generation` checks who may move a run, and writes the move.
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

/** The statuses that a run may go to from each status. Other moves are refused, whatever the provider answers. */
const transitions: Readonly<Record<GenerationStatus, readonly GenerationStatus[]>> = {
  // To FAILED when the database changes to another provider environment.
  AWAITING_APPROVAL: ['QUEUED', 'CANCELED', 'FAILED', 'UNCERTAIN'],
  // To UNCERTAIN in the restored copy of a database: the run may have been submitted since the copy was made.
  QUEUED: ['SUBMITTING', 'CANCELED', 'FAILED', 'UNCERTAIN'],
  // Back to the queue only with proof that the provider took nothing.
  SUBMITTING: ['SUBMITTED', 'STORING', 'QUEUED', 'FAILED', 'CANCELED', 'UNCERTAIN'],
  SUBMITTED: ['PROCESSING', 'STORING', 'FAILED'],
  PROCESSING: ['STORING', 'FAILED'],
  STORING: ['COMPLETED', 'FAILED'],
  // The worker that holds the attempt may bring the provider's answer late.
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

/** Whether a run in this status keeps its slot, if it has one: the provider has it, may have it, or gets it next. */
function keepsSlot(status: GenerationStatus): boolean {
  return ['QUEUED', 'SUBMITTING', 'SUBMITTED', 'PROCESSING', 'UNCERTAIN'].includes(status);
}

/** Whether a run may give its slot up when it comes to this status. A run that is stored has given it up before. */
export function freesSlot(status: GenerationStatus): boolean {
  return !keepsSlot(status) && status !== 'COMPLETED';
}

/** The statuses from which a run may reach `to`. */
export function statusesBefore(to: GenerationStatus): GenerationStatus[] {
  return generationStatuses.filter((from) => canMove(from, to));
}
