import { Conflict, NotFound } from '../../errors.ts';
import type { Transaction } from '../../platform/db/connect.ts';

/*
 * A transaction that decides over a project's members, keys or settings takes the project's row first. One that
 * moves a run takes the run's row, then the project's. Budgets, rollups and counters are only written under the
 * project's. A transaction that holds the project never waits for a run: giving a project up and admitting the next
 * run pass over runs that are held. A new run looks for its idempotency key before it is inserted, because an insert
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

/** The same, for what makes no sense in a project that is given up. Throws Conflict at `field` of the input. */
export async function lockStandingProject(tx: Transaction, projectId: string, field: string): Promise<void> {
  await lockProject(tx, projectId);
  const { deletingAt } = await tx.project.findUniqueOrThrow({
    where: { id: projectId },
    select: { deletingAt: true },
  });
  if (deletingAt) throw new Conflict('PROJECT_DELETING', 'This project is being deleted.', ['input', field]);
}
