import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { toError } from '../../errors.ts';
import type { TaskContext } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { locks } from '../../platform/db/locks.ts';
import type { AllNotes, NotedIntent } from '../../platform/storage/intent-notes.ts';
import { databaseName, doubtfulIntents, lostIntents, readStanding, type Standing } from './prove-database.ts';
import { reviewRuns } from './review-runs.ts';

/*
 * The review is the same at a start and while servers run; one process makes it at a time. Each run that is not
 * submitted yet, as far as this database knows, becomes UNCERTAIN and loses its token. A SUBMITTED run continues. A
 * refusal that arrives later does not put an uncertain run back into the queue, because attempts after the refused one
 * may be lost. An answer that the provider took the run is still stored. At the end the missing tokens are added to
 * `submit_intents`, so that the other processes continue.
 *
 * A failover loses more than submits. The log names runs that the database has lost, as far as a process knows them.
 * Lost ledger entries are unexplained amounts in the reconciliation. Numbers of lost events are given again, so a
 * subscription ends when it was sent a higher number than that of the newest event.
 */

type Tools = Pick<TaskContext, 'db' | 'jobs' | 'log' | 'segmind' | 'serverAccount' | 'intentNotes' | 'turns'>;

/** The statuses of runs that may still be submitted, or that may have been submitted. */
const undecided = ['AWAITING_APPROVAL', 'QUEUED', 'SUBMITTING', 'UNCERTAIN'] as const;
/** The setting with the cluster that the database was last seen in. */
const identityName = 'database-identity';

/**
 * Checks whether the database is the one that was written to, and knows each submitted run. A copy does not, nor does a
 * replica that was promoted before it had all changes. Their unfinished runs may have been submitted and paid, so these
 * become UNCERTAIN until there is proof, or a person decides. A run of `runs` also becomes UNCERTAIN when another
 * process may have submitted it with an intent on an earlier Postgres. Resolves to the number of runs that became
 * UNCERTAIN.
 */
export async function reviewDatabase(ctx: Tools, runs: readonly string[] = []): Promise<number> {
  return ctx.turns.share('review of the database', runs, async (all) => {
    const count = await review(ctx, all.flat());
    return all.map(() => count);
  });
}

async function review(ctx: Tools, runs: readonly string[]): Promise<number> {
  const { intentNotes, log } = ctx;
  const { count, known, idle } = await alone(ctx, async (tx) => {
    const identity = await readIdentity(ctx);
    const before = await tx.setting.findUnique({ where: { name: identityName } });
    const isCopy = before !== null && identity !== null && before.value !== identity;
    const { database, former } = await openNotes(ctx, tx, isCopy);
    const notes = await intentNotes.read();
    const standing = await readStanding(tx, notes);
    const lost = lostIntents(notes, standing);
    const reason = isCopy ? 'it is a copy' : lost.length > 0 ? 'it is older than what was submitted' : null;
    const doubtful = doubtfulIntents(notes, standing).filter(
      ({ generationId }) => reason !== null || runs.includes(generationId),
    );
    const doubtfulRuns = doubtful.map(({ generationId }) => generationId);
    const count = await reviewRuns(
      ctx,
      reason === null ? doubtfulRuns : 'ALL',
      await intentNotes.accountsOf(former),
    );
    if (reason !== null || count > 0)
      log.warn(
        { reason: reason ?? 'Postgres was exchanged during a submit', count },
        'the database is not as it was left: unfinished runs need a review',
      );
    await logLost(ctx, tx, lost, doubtfulIntents(notes, standing));
    // This is written last, so that a review that is interrupted is made again.
    const settled = [...lost, ...doubtful];
    await tx.submitIntent.createMany({
      data: settled.map(({ token, generationId }) => ({ token, generationId })),
      skipDuplicates: true,
    });
    await remember(tx, databaseName, database);
    if (identity !== null) await remember(tx, identityName, identity);
    return { count, ...(await findSettled(tx, notes, standing, settled)) };
  });
  await intentNotes.adopt(known, idle).catch((error: unknown) => {
    // The notes stay where they are, and each process continues to read them.
    log.warn({ err: toError(error) }, 'the notes of ended processes could not be taken over');
  });
  return count;
}

/**
 * Does `work` in a transaction with a lock: one process at a time. The others wait, and review the database after it.
 */
function alone<Result>({ db }: Tools, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  const patience = { maxWait: 60_000, timeout: 3_600_000 };
  return db.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT set_config(name, '0', true) FROM unnest(ARRAY['lock_timeout', 'statement_timeout',
      'idle_in_transaction_session_timeout']) AS name`;
    await tx.$queryRaw`SELECT true FROM pg_advisory_xact_lock(${locks.databaseReview})`;
    return work(tx);
  }, patience);
}

/**
 * The identity of the cluster and of the database in it; null when the server does not show it. A restored dump has
 * another identity.
 */
async function readIdentity({ db, log }: Tools): Promise<string | null> {
  try {
    const [row] = await db.$queryRaw<{ identity: string }[]>`
      SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || oid AS identity
      FROM pg_database WHERE datname = current_database()`;
    return row?.identity ?? null;
  } catch (error) {
    log.debug({ err: error }, 'the identity of the database cannot be read');
    return null;
  }
}

/**
 * Opens the notes of this database. A copy gets a new name, because from then on there are two databases, and the
 * submits of one say nothing about the other.
 */
async function openNotes(
  { intentNotes, log }: Tools,
  tx: Transaction,
  isCopy: boolean,
): Promise<{ readonly database: string; readonly former: string }> {
  const { database: named, server } = await readStanding(tx, { mine: [], others: [] });
  const before = intentNotes.database;
  const database = isCopy ? randomUUID() : (named ?? (before || randomUUID()));
  const hasOthers = await intentNotes.belongTo(z.uuid().parse(database), server);
  if (hasOthers && database !== before)
    log.info({ database }, 'DATA_DIR has notes of submits from another database: they are not used here');
  return { database, former: named ?? database };
}

/**
 * Logs the runs that are lost. A run that was removed with its project is not lost: the ledger still has its entries.
 */
async function logLost(
  { log }: Tools,
  tx: Transaction,
  lost: readonly NotedIntent[],
  doubtful: readonly NotedIntent[],
): Promise<void> {
  const ids = [...lost, ...doubtful].map(({ generationId }) => generationId);
  const [runs, entries] = await Promise.all([
    tx.generation.findMany({ where: { id: { in: ids } }, select: { id: true } }),
    tx.ledgerEntry.findMany({ where: { generationId: { in: ids } }, select: { generationId: true } }),
  ]);
  const known = new Set([...runs.map(({ id }) => id), ...entries.map(({ generationId }) => generationId)]);
  const logUnknown = (intents: readonly NotedIntent[], message: string) => {
    for (const { generationId } of intents)
      if (!known.has(generationId)) log.error({ generationId }, message);
  };
  logUnknown(lost, 'the database has lost a run that was submitted');
  logUnknown(doubtful, 'the database has lost a run that may have been submitted');
}

async function remember(tx: Transaction, name: string, value: string): Promise<void> {
  await tx.setting.upsert({ where: { name }, create: { name, value }, update: { value } });
}

/**
 * The notes that are no longer needed: `known` to the database, or `idle`. A process that died before its intent was
 * committed leaves a note. That note is idle once its run was submitted on another Postgres, or has ended.
 */
async function findSettled(
  tx: Transaction,
  { mine, others }: AllNotes,
  { missing, server }: Standing,
  dealtWith: readonly NotedIntent[],
): Promise<{ known: ReadonlySet<string>; idle: ReadonlySet<string> }> {
  const known = new Set([...mine, ...others].map(({ token }) => token));
  for (const token of missing) known.delete(token);
  for (const { token } of dealtWith) known.add(token);
  const left = others.filter((each) => !known.has(each.token) && each.server !== server);
  const waiting = await tx.generation.findMany({
    where: { id: { in: left.map(({ generationId }) => generationId) }, status: { in: [...undecided] } },
    select: { id: true },
  });
  const waits = new Set(waiting.map(({ id }) => id));
  const idle = left.filter(({ generationId }) => !waits.has(generationId)).map(({ token }) => token);
  return { known, idle: new Set(idle) };
}
