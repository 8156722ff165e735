import type { TaskContext } from '../../platform/context.ts';
import { type UsedAccount, usedAgainMs } from '../../platform/storage/account-notes.ts';
import { failureColumns } from '../generations/failure.ts';
import { atMove, moveGeneration } from '../generations/move-generation.ts';
import type { GenerationRow } from '../generations/progress.ts';

const batchSize = 500;
const unfinished = ['AWAITING_APPROVAL', 'QUEUED', 'SUBMITTING'] as const;
/** The clocks of the database and of the file system may differ by as much as that. */
const skewMs = 60 * 60 * 1_000;
const failure = {
  code: 'SUBMISSION_UNCERTAIN',
  message:
    'The database was restored from, or replaced by, an older copy: the run may have been submitted, and paid, since that copy was made.',
  retryable: false,
} as const;

/**
 * Makes runs that were not submitted yet UNCERTAIN, all of them or some, and takes their tokens away, so that no attempt
 * leads them back into the queue. An answer of the provider may still be written down. `used` says which accounts their projects used.
 * Resolves to how many there were.
 */
export async function reviewRuns(
  ctx: Pick<TaskContext, 'db' | 'jobs' | 'segmind' | 'serverAccount'>,
  which: 'ALL' | readonly string[],
  used: readonly UsedAccount[],
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
      orderBy: { id: 'asc' },
      take: batchSize,
    });
    for (const run of runs) {
      const moved = await moveGeneration(ctx, run.id, {
        to: 'UNCERTAIN',
        from: unfinished,
        set: {
          ...failureColumns(failure),
          // No attempt of this life: it may have been any, from its request until now. Its answer may be on its way.
          attemptToken: null,
          attemptedAt: atMove,
          isAttemptOver: false,
          providerAccount: await accountOf(ctx, run, used),
        },
      });
      if (moved) count += 1;
    }
    after = runs.at(-1)?.id;
    if (runs.length < batchSize) return count;
  }
}

/**
 * The account that a run was paid with, if it was: its books may prove that it was not. Null where it may be one of several,
 * so that only a person can tell. Where nothing was noted nothing was submitted, or by an older version.
 */
async function accountOf(
  { db, segmind, serverAccount }: Pick<TaskContext, 'db' | 'segmind' | 'serverAccount'>,
  { projectId, environment, status, providerAccount, requestedAt }: GenerationRow,
  used: readonly UsedAccount[],
): Promise<string | null> {
  const since = requestedAt.getTime() - usedAgainMs - skewMs;
  const candidates = new Set(
    used.flatMap((each) =>
      each.projectId === projectId && each.usedAt.getTime() >= since ? [each.account] : [],
    ),
  );
  if (status === 'SUBMITTING' && providerAccount !== null) candidates.add(providerAccount);
  const [only, ...more] = candidates;
  if (only !== undefined) return more.length === 0 ? only : null;
  const key = await db.providerKey.findFirst({ where: { projectId, environment, removedAt: null } });
  return key?.account ?? (environment === segmind.environment ? serverAccount : null);
}
