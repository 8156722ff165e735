import type { TaskContext } from '../../platform/context.ts';
import { type UsedAccount, usedAgainMs } from '../../platform/storage/account-notes.ts';
import { failureColumns } from '../generations/failure.ts';
import { atMove, moveGeneration } from '../generations/move-generation.ts';
import type { GenerationRow } from '../generations/progress.ts';

const batchSize = 500;
const unfinished = ['AWAITING_APPROVAL', 'QUEUED', 'SUBMITTING'] as const;
/** The most by which the clocks of the database and of the file system may differ. */
const skewMs = 60 * 60 * 1_000;
const failure = {
  code: 'SUBMISSION_UNCERTAIN',
  message:
    'The database was restored from, or replaced by, an older copy: the run may have been submitted, and paid, since that copy was made.',
  retryable: false,
} as const;

/**
 * Makes runs that are not submitted yet UNCERTAIN, all of them or the given ones, and removes their tokens, so that no
 * attempt puts them back into the queue. An answer of the provider can still be stored. `used` has the accounts that
 * their projects used. Resolves to the number of runs.
 */
export async function reviewRuns(
  ctx: Pick<TaskContext, 'db' | 'jobs' | 'segmind' | 'serverAccount'>,
  which: 'ALL' | readonly string[],
  used: readonly UsedAccount[],
): Promise<number> {
  if (which === 'ALL') {
    // A refused attempt must not put the run back into the queue, because later attempts may be lost.
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
          // The attempt is unknown: it may have been at any moment since the request, and its answer may still come.
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
 * The account that a run would have been paid with. The provider's records of this account may prove that the run was
 * not submitted. Null when it may be one of several accounts, so that a person must decide. When no account was noted,
 * no run was submitted, or an older version submitted it; then it is the account that the project uses now.
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
