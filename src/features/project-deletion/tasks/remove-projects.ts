import { toError } from '../../../errors.ts';
import type { TaskContext } from '../../../platform/context.ts';
import { defineTask } from '../../../platform/jobs/define-task.ts';
import { projectPrefix } from '../../../platform/storage/blob-key.ts';
import { endUnsent } from '../../database-review/end-unsent.ts';
import { longestAnswerMs } from '../../generations/late-answer.ts';
import { moveGeneration } from '../../generations/move-generation.ts';
import { recordCost } from '../../generations/record-cost.ts';

/*
 * Bytes lie below one prefix for each project, at the price of a second copy where two projects have the same
 * picture. Sharing copies would mean that deleting one project's races with storing another's. Rows go in portions,
 * then the bytes, then members and keys with the project's own row: as long as that is there, any process goes on
 * where another one died. The audit log stays.
 *
 * A hold that can no longer be settled would stay for ever, so a run that is still UNCERTAIN when its project is
 * removed is booked at its list price. What was not charged after all shows in the reconciliation.
 */

const batchSize = 2_000;
/** What was under way when the project was given up, such as an upload, is done by then. */
const graceSeconds = 10;

/** Every five seconds. What fails, or what a crash cut short, is taken up again; processes may do the same at once. */
export const removeProjectsRegularly = defineTask({
  name: 'remove-projects',
  each: 'process',
  everyMs: 5_000,
  words: { failed: 'projects cannot be removed', over: 'projects are removed again' },
  run: (ctx: TaskContext) => {
    const silent = new Set<string>();
    return (signal) => removeProjects(ctx, signal, silent);
  },
});

/**
 * Removes the projects that were given up and have no run under way any more. The project's own row goes last, because
 * while it is there the next round continues the removal. The log has already said that those in `silent` cannot be
 * removed.
 */
export async function removeProjects(
  ctx: TaskContext,
  signal: AbortSignal,
  silent = new Set<string>(),
): Promise<void> {
  const given = await ctx.db.$queryRaw<{ id: string; isRipe: boolean }[]>`
    SELECT id::text AS id, deleting_at < now() - ${graceSeconds} * interval '1 second' AS "isRipe"
    FROM projects WHERE deleting_at IS NOT NULL ORDER BY deleting_at`;
  for (const { id, isRipe } of given) {
    if (signal.aborted) return;
    try {
      await cancelQueued(ctx, id);
      if (!isRipe || (await isUnderWay(ctx, id))) continue;
      await settleDoubts(ctx, id);
      await removeProject(ctx, id, signal);
      silent.delete(id);
    } catch (error) {
      // The next one's turn does not depend on this one.
      if (!silent.has(id))
        ctx.log.warn({ err: toError(error), projectId: id }, 'a project could not be removed');
      silent.add(id);
    }
  }
}

async function cancelQueued(ctx: TaskContext, projectId: string): Promise<void> {
  const queued = await ctx.db.generation.findMany({
    where: { projectId, status: { in: ['AWAITING_APPROVAL', 'QUEUED'] } },
    select: { id: true },
    take: batchSize,
  });
  for (const { id } of queued) {
    await endUnsent(ctx, id, { to: 'CANCELED', from: ['AWAITING_APPROVAL', 'QUEUED'] });
  }
}

/** Whether the provider, or a worker that may still bring its answer, has a run of the project. */
async function isUnderWay({ db, config }: TaskContext, projectId: string): Promise<boolean> {
  const [row] = await db.$queryRaw<{ isUnderWay: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM generations WHERE project_id = ${projectId}::uuid AND NOT is_final(status)
      AND (status <> 'UNCERTAIN' OR NOT is_attempt_over
        AND attempted_at > now() - ${longestAnswerMs(config)} * interval '1 millisecond')) AS "isUnderWay"`;
  return row?.isUnderWay ?? true;
}

/**
 * An UNCERTAIN run waits for proof or a person, and both are gone with the project. It is booked at its list price, as
 * are runs that ended with an unknown cost: better too much in the books than a hold that never ends. What was
 * not charged after all is a line of the reconciliation.
 */
async function settleDoubts(ctx: TaskContext, projectId: string): Promise<void> {
  const doubtful = await ctx.db.generation.findMany({
    where: {
      projectId,
      OR: [{ status: 'UNCERTAIN' }, { status: { in: ['COMPLETED', 'FAILED'] }, costMicros: null }],
    },
  });
  for (const run of doubtful) {
    const costMicros = run.priceMicros ?? run.holdMicros;
    if (run.status === 'UNCERTAIN') {
      await moveGeneration(ctx, run.id, {
        to: 'FAILED',
        from: ['UNCERTAIN'],
        set: { costMicros, costSource: 'PRICE_LIST' },
      });
    } else await ctx.db.$transaction((tx) => recordCost(tx, run, { costMicros, costSource: 'PRICE_LIST' }));
  }
}

/**
 * Rows in small portions, so that no lock is held for long; bytes; at last the project. The audit log stays, and so
 * does the ledger with its sums, which are ids and amounts: what was spent can still be accounted for.
 */
async function removeProject(
  { db, storage, log }: TaskContext,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  // Addresses of uploads at the provider: of pictures that no other project has, or with an account of its own.
  await db.$executeRaw`
    DELETE FROM provider_assets a WHERE EXISTS (SELECT 1 FROM images i WHERE i.project_id = ${id}::uuid AND i.sha256 = a.sha256)
      AND NOT EXISTS (SELECT 1 FROM images o WHERE o.project_id <> ${id}::uuid AND o.sha256 = a.sha256)
      OR a.provider_account IN (SELECT account FROM provider_keys WHERE project_id = ${id}::uuid)
      AND a.provider_account NOT IN (SELECT account FROM provider_keys WHERE project_id <> ${id}::uuid)`;
  const portions = [
    () => db.$executeRaw`DELETE FROM project_events WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM project_events WHERE project_id = ${id}::uuid LIMIT ${batchSize}))`,
    // With their windows and alerts; the events, which know the alerts, went before.
    () => db.$executeRaw`DELETE FROM budgets WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM budgets WHERE project_id = ${id}::uuid LIMIT ${batchSize}))`,
    () => db.$executeRaw`DELETE FROM generated_images WHERE ctid = ANY(ARRAY(
      SELECT i.ctid FROM generated_images i JOIN generations g ON g.id = i.generation_id
      WHERE g.project_id = ${id}::uuid LIMIT ${batchSize}))`,
    () => db.$executeRaw`DELETE FROM generations WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM generations WHERE project_id = ${id}::uuid LIMIT ${batchSize}))`,
    () => db.$executeRaw`DELETE FROM reference_images WHERE ctid = ANY(ARRAY(
      SELECT r.ctid FROM reference_images r JOIN characters c ON c.id = r.character_id
      WHERE c.project_id = ${id}::uuid LIMIT ${batchSize}))`,
    () => db.$executeRaw`DELETE FROM characters WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM characters WHERE project_id = ${id}::uuid LIMIT ${batchSize}))`,
    () => db.$executeRaw`DELETE FROM images WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM images WHERE project_id = ${id}::uuid LIMIT ${batchSize}))`,
  ];
  for (const removePortion of portions) {
    while (!signal.aborted && (await removePortion()) > 0);
  }
  if (signal.aborted) return;
  await storage.deleteAll(projectPrefix(id));
  const where = { projectId: id };
  await db.$transaction([
    db.providerKey.deleteMany({ where }),
    db.apiKey.deleteMany({ where }),
    db.invitation.deleteMany({ where }),
    db.member.deleteMany({ where }),
    db.project.deleteMany({ where: { id } }),
  ]);
  log.info({ projectId: id }, 'project removed');
}
