import type { TaskContext } from '../../../platform/context.ts';
import type { Transaction } from '../../../platform/db/connect.ts';
import { failureColumns } from '../failure.ts';
import { atMove, moveGeneration } from '../move-generation.ts';

type Tools = Pick<TaskContext, 'db' | 'jobs' | 'log' | 'segmind' | 'highWater'>;

const lockKey = 7_236_502;
const batchSize = 500;
/** Names of settings: which database this is, and up to where lost submits have been reviewed. */
const identityName = 'database-identity';
const reviewedName = 'reviewed-until';

/**
 * Looks, before any work begins, whether the database is a copy of the one that was written to, or older than what
 * was submitted. Then its unfinished runs may have been submitted, and paid, since the copy was made: none is
 * submitted by itself; they rest as UNCERTAIN until there is proof, or a person decides. Resolves to how many.
 */
export async function reviewRestored(ctx: Tools): Promise<number> {
  return alone(ctx, async (tx) => {
    const identity = await readIdentity(ctx);
    const mark = await ctx.highWater.read();
    const reason = await findReason(tx, identity, mark);
    const count = reason === null ? 0 : await reviewAll(ctx);
    if (reason !== null)
      ctx.log.warn({ reason, count }, 'the database was restored: its unfinished runs need a review');
    // At last: a review that is cut short is made once more.
    if (identity !== null) await remember(tx, identityName, identity);
    if (reason !== null && mark) await remember(tx, reviewedName, mark.toISOString());
    return count;
  });
}

/** One process at a time, the others after it: nobody begins to work while the review is under way. */
function alone<Result>({ db }: Tools, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  const patience = { maxWait: 60_000, timeout: 3_600_000 };
  return db.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT set_config(name, '0', true) FROM unnest(ARRAY['lock_timeout', 'statement_timeout',
      'idle_in_transaction_session_timeout']) AS name`;
    await tx.$queryRaw`SELECT true FROM pg_advisory_xact_lock(${lockKey})`;
    return work(tx);
  }, patience);
}

/** The cluster and the database in it; null where the server does not tell. A dump that is restored has another one. */
async function readIdentity({ db, log }: Tools): Promise<string | null> {
  try {
    const [row] = await db.$queryRaw<{ identity: string }[]>`
      SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || oid AS identity
      FROM pg_database WHERE datname = current_database()`;
    return row?.identity ?? null;
  } catch (error) {
    log.debug({ err: error }, 'the database does not tell which one it is');
    return null;
  }
}

async function findReason(
  tx: Transaction,
  identity: string | null,
  mark: Date | null,
): Promise<string | null> {
  const known = await tx.setting.findUnique({ where: { name: identityName } });
  if (known && identity !== null && known.value !== identity) return 'it is a copy';
  if (!mark) return null;
  const [newest] = await tx.$queryRaw<{ isBehind: boolean }[]>`
    WITH RECURSIVE accounts AS (
      SELECT min(provider_account) AS account FROM generations WHERE attempted_at IS NOT NULL
      UNION ALL
      SELECT (SELECT min(g.provider_account) FROM generations g
        WHERE g.attempted_at IS NOT NULL AND g.provider_account > a.account)
      FROM accounts a WHERE a.account IS NOT NULL
    )
    SELECT coalesce(greatest(
      (SELECT max((SELECT max(g.attempted_at) FROM generations g WHERE g.provider_account = a.account)) FROM accounts a),
      (SELECT max(value::timestamptz) FROM settings WHERE name IN (${reviewedName}, 'newest-removed-attempt'))
    ) < ${mark}::timestamptz, true) AS "isBehind"`;
  return newest?.isBehind ? 'it is older than what was submitted' : null;
}

async function remember(tx: Transaction, name: string, value: string): Promise<void> {
  await tx.setting.upsert({ where: { name }, create: { name, value }, update: { value } });
}

async function reviewAll(ctx: Tools): Promise<number> {
  const failure = {
    code: 'SUBMISSION_UNCERTAIN',
    message:
      'The database was restored from an older copy: the run may have been submitted, and paid, since that copy was made.',
    retryable: false,
  } as const;
  let count = 0;
  for (let after: string | undefined; ; ) {
    const runs = await ctx.db.generation.findMany({
      where: {
        status: { in: ['AWAITING_APPROVAL', 'QUEUED', 'SUBMITTING'] },
        ...(after === undefined ? {} : { id: { gt: after } }),
      },
      select: { id: true, projectId: true, status: true, providerAccount: true },
      orderBy: { id: 'asc' },
      take: batchSize,
    });
    for (const { id, projectId, status, providerAccount } of runs) {
      const key = await ctx.db.providerKey.findFirst({ where: { projectId, removedAt: null } });
      const inForce = key?.account ?? ctx.segmind.accountId;
      const moved = await moveGeneration(ctx, id, {
        to: 'UNCERTAIN',
        from: ['AWAITING_APPROVAL', 'QUEUED', 'SUBMITTING'],
        set: {
          ...failureColumns(failure),
          // No attempt of this life: it may have been any, from its request until now.
          attempt_token: null,
          attempted_at: atMove,
          is_attempt_over: true,
          provider_account: status === 'SUBMITTING' ? (providerAccount ?? inForce) : inForce,
        },
      });
      if (moved) count += 1;
    }
    after = runs.at(-1)?.id;
    if (runs.length < batchSize) return count;
  }
}
