import type { TaskContext } from '../../../platform/context.ts';
import { failureColumns } from '../failure.ts';
import { atMove, moveGeneration } from '../move-generation.ts';

const batchSize = 500;
const unfinished = ['AWAITING_APPROVAL', 'QUEUED', 'SUBMITTING'] as const;
const failure = {
  code: 'SUBMISSION_UNCERTAIN',
  message:
    'The database was restored from, or replaced by, an older copy: the run may have been submitted, and paid, since that copy was made.',
  retryable: false,
} as const;

/**
 * Makes runs that were not submitted yet UNCERTAIN, all of them or some, and takes their tokens away, so that no attempt leads them back
 * into the queue. An answer of the provider may still be written down. Resolves to how many there were.
 */
export async function reviewRuns(
  ctx: Pick<TaskContext, 'db' | 'jobs' | 'serverAccount'>,
  which: 'ALL' | readonly string[],
): Promise<number> {
  if (which === 'ALL') {
    // An attempt that was refused must not requeue the run: there may have been attempts after it, which are lost.
    await ctx.db.generation.updateMany({
      where: { status: 'UNCERTAIN', attemptToken: { not: null } },
      data: { attemptToken: null },
    });
  }
  let count = 0;
  for (let after: string | undefined; ; ) {
    const runs = await ctx.db.generation.findMany({
      where: {
        status: { in: [...unfinished] },
        ...(which === 'ALL' ? {} : { id: { in: [...which] } }),
        ...(after === undefined ? {} : { AND: { id: { gt: after } } }),
      },
      select: { id: true, projectId: true, environment: true, status: true, providerAccount: true },
      orderBy: { id: 'asc' },
      take: batchSize,
    });
    for (const { id, projectId, environment, status, providerAccount } of runs) {
      const key = await ctx.db.providerKey.findFirst({ where: { projectId, environment, removedAt: null } });
      const inForce = key?.account ?? ctx.serverAccount;
      const moved = await moveGeneration(ctx, id, {
        to: 'UNCERTAIN',
        from: unfinished,
        set: {
          ...failureColumns(failure),
          // No attempt of this life: it may have been any, from its request until now. Its answer may be on its way.
          attempt_token: null,
          attempted_at: atMove,
          is_attempt_over: false,
          provider_account: status === 'SUBMITTING' ? (providerAccount ?? inForce) : inForce,
        },
      });
      if (moved) count += 1;
    }
    after = runs.at(-1)?.id;
    if (runs.length < batchSize) return count;
  }
}
