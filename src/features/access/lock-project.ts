import { Conflict, NotFound } from '../../errors.ts';
import type { Transaction } from '../../platform/db/connect.ts';

/*
 * A transaction that decides over a project's members, keys or settings takes the project's row first. One that
 * moves a run takes the run's row, then the project's. Budgets, rollups and counters are only written under the lock
 * of the project's row. A transaction that holds this lock never waits for a run: deleting a project and admitting the
 * next run skip runs that are locked. A new run looks for its idempotency key before it is inserted, because an insert
 * that met a run with the same key would wait for the transaction that holds that run.
 */

/**
 * Takes the project's row for the rest of the transaction, so that what is decided from its members or keys still
 * holds when it is written. Throws NotFound when the project is gone.
 */
export async function lockProject(tx: Transaction, projectId: string): Promise<void> {
  const locked = await tx.$queryRaw<{ id: string }[]>`
    SELECT id::text AS id FROM projects WHERE id = ${projectId}::uuid FOR NO KEY UPDATE`;
  if (locked.length === 0) throw new NotFound('Project');
}

/**
 * The same, for changes that a project refuses while it is being deleted. Throws also Conflict at `field` of the input.
 */
export async function lockStandingProject(tx: Transaction, projectId: string, field: string): Promise<void> {
  await lockProject(tx, projectId);
  const { deletingAt } = await tx.project.findUniqueOrThrow({
    where: { id: projectId },
    select: { deletingAt: true },
  });
  if (deletingAt) throw new Conflict('PROJECT_DELETING', 'This project is being deleted.', ['input', field]);
}
