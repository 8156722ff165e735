import type { Transaction } from '../../platform/db/connect.ts';

/*
 * The event of a change holds the run's fields that change, as they were then. So a follower of a run sees each step
 * in order, however late or fast they read, and a replay shows the history, not the present state forty times.
 *
 * Numbers are taken under the lock of the project's row. This makes them gap-free in the order of the commits. Its
 * cost is that writers of one project commit one after another.
 */

/** What can happen in a project. */
export type ProjectEventName =
  | 'PROJECT_ARCHIVED'
  | 'PROJECT_RESTORED'
  | 'PROJECT_DELETING'
  | 'PROJECT_UPDATED'
  | 'PROJECT_LIMITS_UPDATED'
  | 'CHARACTER_CREATED'
  | 'CHARACTER_UPDATED'
  | 'CHARACTER_ARCHIVED'
  | 'REFERENCE_IMAGE_ADDED'
  | 'REFERENCE_IMAGE_REMOVED'
  | 'GENERATION_REQUESTED'
  | 'GENERATION_CHANGED'
  | 'GENERATION_SLOW'
  | 'GENERATION_CANCEL_REQUESTED'
  | 'GENERATION_APPROVED'
  | 'GENERATION_REJECTED'
  | 'GENERATION_COST_CORRECTED'
  | 'IMAGE_RATED'
  | 'BUDGET_CREATED'
  | 'BUDGET_UPDATED'
  | 'BUDGET_REMOVED'
  | 'BUDGET_THRESHOLD_REACHED'
  | 'PROVIDER_WAIT_BEGAN'
  | 'PROVIDER_WAIT_ENDED';

export interface NewEvent {
  readonly projectId: string;
  readonly kind: ProjectEventName;
  readonly generationId?: string;
  readonly characterId?: string;
  readonly budgetId?: string;
  /** What a replay needs, as JSON: the run's progress at this moment, or the reason and the start of a wait. */
  readonly progress?: object;
}

/**
 * Writes an event in the caller's transaction. It must be the last statement, because the project's row is locked from
 * here to the commit, so that the numbers have no gaps and follow the order of the commits.
 */
export async function recordEvent(tx: Transaction, event: NewEvent): Promise<void> {
  const progress = event.progress === undefined ? null : JSON.stringify(event.progress);
  await tx.$queryRaw`
    SELECT record_project_event(${event.projectId}::uuid, ${event.kind}, ${event.generationId ?? null}::uuid,
      ${event.characterId ?? null}::uuid, ${event.budgetId ?? null}::uuid, NULL, ${progress}::jsonb)::text`;
}
