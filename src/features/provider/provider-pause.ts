import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { Prisma } from '../../platform/db/generated/client.ts';

/*
 * A pause is a row of `provider_pauses`, of an account or, when the provider does not answer, of the environment. A
 * call that breaks off proves nothing about the provider, so free calls decide; they also find out when the provider
 * is back. One process at a time makes them, by a compare-and-set on the row. No run is risked for it, because a
 * POST that breaks off leaves its run UNCERTAIN.
 *
 * - No answer is: silence, a server error (5xx), a page that is not the API's, a redirect. A refusal (4xx) is an
 *   answer.
 * - Two calls are free: the balance, and a request that the provider does not know. An account may have no balance
 *   that can be asked for, so one answer is enough.
 * - The first doubt asks. The free calls are made once, before anything is written down, and the process sends no
 *   other run until they are answered. So an outage costs only the runs that were under way together.
 * - An upload asks first. It is free and comes before the submit. When it fails with what may be an outage and the
 *   free calls fail too, the run goes back to the queue unsent. Only when the provider answers is the picture sent
 *   as base64.
 * - Ten in a row. Where the free calls are answered and submits break off all the same, one run is tried every ten
 *   seconds. A single 500 pauses nothing, because it is often a bad value.
 *
 * Runs in the queue say what they wait for and sleep long; when the pause is over their wake-ups are brought
 * forward.
 */

/**
 * Why nothing is submitted for a while. UNAVAILABLE: the provider does not answer. SUBMITS_FAIL: it answers reads, but
 * submits get no answer.
 */
export type PauseReason =
  | 'UNAVAILABLE'
  | 'SUBMITS_FAIL'
  | 'RATE_LIMITED'
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'NO_CREDITS';

/** Pauses that do not end by themselves: after the time a single run is tried, and the provider's answer decides. */
const triedByRun: readonly PauseReason[] = ['SUBMITS_FAIL', 'UNAUTHORIZED', 'FORBIDDEN', 'NO_CREDITS'];

/** The present state of a pause. */
export interface Pause {
  readonly reason: PauseReason;
  /** How long it has been in force for the same reason. */
  readonly ageMs: number;
  /** The time until it is over or, when it does not end by itself, until a run is tried. */
  readonly remainingMs: number;
}

/** The paused account or, under the name of the provider environment, the provider as a whole. */
interface Scope {
  readonly account: string;
  /** When it is left out, the whole account. */
  readonly model?: string;
}

const firstPauseMs = 1_000;
/** The longest pause, so that runs continue within seconds when the provider works again. */
const longestPauseMs = 4_000;
/** An interrupted submit leaves a run uncertain, so runs are tried more rarely then. */
const submitEveryMs = 10_000;

/** Whether the row `p` is the same pause: it has the same reason, and ended only a short time ago. */
const isSame = Prisma.sql`(p.reason = excluded.reason
  AND p.until > now() - interval '1 second' * CASE p.reason WHEN 'RATE_LIMITED' THEN 10 ELSE 120 END)`;
/** How serious a pause is. A more serious pause in force is not replaced, because waiting runs show its reason. */
const gravity = (row: 'p' | 'excluded') =>
  Prisma.raw(`CASE ${row}.reason WHEN 'UNAVAILABLE' THEN 2 WHEN 'RATE_LIMITED' THEN 0 ELSE 1 END`);
const isInForce = Prisma.sql`(p.until > now() OR p.reason = 'UNAVAILABLE')`;
const isGraver = Prisma.sql`(${isInForce} AND ${gravity('p')} > ${gravity('excluded')})`;
const pauseColumns = Prisma.sql`p.reason, (extract(epoch FROM now() - p.since) * 1000)::float8 AS "ageMs",
  (extract(epoch FROM p.until - now()) * 1000)::float8 AS "remainingMs"`;

/**
 * Pauses submits in every process on this database, for `durationMs` or, with null, twice as long as the last time.
 * Requests that are pending together are refused together, and count once. A pause is never shortened, and a more
 * serious reason is never replaced by a less serious one.
 */
export async function pauseProvider(
  ctx: Uses<'db'>,
  {
    account,
    model = '',
    reason,
    durationMs,
  }: Scope & { readonly reason: PauseReason; readonly durationMs: number | null },
): Promise<Pause> {
  const [pause] = await ctx.db.$queryRaw<Pause[]>`
    INSERT INTO provider_pauses AS p (provider_account, model, reason, until, tries)
    VALUES (${account}, ${model}, ${reason}, now() + ${durationMs ?? firstPauseMs} * interval '1 millisecond', 1)
    ON CONFLICT (provider_account, model) DO UPDATE SET
      reason = CASE WHEN ${isGraver} THEN p.reason ELSE excluded.reason END,
      since = CASE WHEN ${isSame} OR ${isGraver} THEN p.since ELSE now() END,
      tries = CASE WHEN ${isGraver} THEN p.tries WHEN NOT ${isSame} THEN 1 WHEN p.until > now() THEN p.tries ELSE p.tries + 1 END,
      until = CASE
        WHEN NOT ${isSame} THEN greatest(CASE WHEN p.until > now() THEN p.until END, excluded.until)
        WHEN ${durationMs !== null} OR p.until > now() THEN greatest(p.until, excluded.until)
        ELSE now() + least(${firstPauseMs} * 2 ^ least(p.tries, 10), ${longestPauseMs}) * interval '1 millisecond' END
    RETURNING ${pauseColumns}`;
  if (!pause) throw new Error('The pause was written.');
  return pause;
}

/**
 * The longest pause in force for a model of an account, or null, and whether there are pauses at all. Only then may a try
 * have to be claimed. UNAVAILABLE ends only when the provider answers again.
 */
export async function findPauses(
  ctx: Uses<'db' | 'segmind'>,
  { account, model = '' }: Scope,
): Promise<{ readonly inForce: Pause | null; readonly isAny: boolean }> {
  const rows = await ctx.db.$queryRaw<(Pause & { isInForce: boolean })[]>`
    SELECT ${pauseColumns}, ${isInForce} AS "isInForce" FROM provider_pauses p
    WHERE p.provider_account IN (${account}, ${ctx.segmind.environment}) AND p.model IN ('', ${model})
    ORDER BY p.until DESC`;
  return { inForce: rows.find((row) => row.isInForce) ?? null, isAny: rows.length > 0 };
}

/**
 * When the time of a pause that does not end by itself is over, a single run is tried: that of the caller that extends
 * the pause. This caller gets null, and the others get the pause for which they wait. Without such a pause all get
 * null.
 */
export async function claimTry(
  ctx: Uses<'db' | 'segmind'>,
  { account, model = '' }: Scope,
  intervalMs: number,
): Promise<Pause | null> {
  const inScope = Prisma.sql`p.provider_account IN (${account}, ${ctx.segmind.environment})
    AND p.model IN ('', ${model}) AND p.reason = ANY(${triedByRun})`;
  const [pause] = await ctx.db.$queryRaw<Pause[]>`
    SELECT ${pauseColumns} FROM provider_pauses p WHERE ${inScope} ORDER BY p.until DESC LIMIT 1`;
  if (!pause) return null;
  const claimed = await ctx.db.$executeRaw`
    UPDATE provider_pauses p SET until = now() + interval '1 millisecond'
      * CASE p.reason WHEN 'SUBMITS_FAIL' THEN ${submitEveryMs}::float8 ELSE ${intervalMs}::float8 END
    WHERE ${inScope} AND p.until <= now()`;
  if (claimed > 0) return null;
  return { ...pause, remainingMs: pause.reason === 'SUBMITS_FAIL' ? submitEveryMs : intervalMs };
}

/**
 * Ends the pauses of an account and of the provider after the provider took a run. A rate limit stays in force until
 * its time, because the run may have been sent before the limit.
 */
export async function endPauses(ctx: Uses<'db' | 'segmind'>, { account, model = '' }: Scope): Promise<void> {
  await ctx.db.$executeRaw`
    DELETE FROM provider_pauses
    WHERE provider_account IN (${account}, ${ctx.segmind.environment}) AND model IN ('', ${model})
      AND NOT (reason = 'RATE_LIMITED' AND until > now())`;
}

/**
 * Claims the next probe of a provider that does not answer, for `intervalMs`. False when there is no such pause, when
 * another process has claimed the probe, or when the probe is not yet overdue by `overdueMs`.
 */
export async function claimProbe(
  ctx: Uses<'db' | 'segmind'>,
  intervalMs: number,
  overdueMs = 0,
): Promise<boolean> {
  const claimed = await ctx.db.$executeRaw`
    UPDATE provider_pauses SET until = now() + ${intervalMs} * interval '1 millisecond'
    WHERE provider_account = ${ctx.segmind.environment} AND reason = 'UNAVAILABLE'
      AND until <= now() - ${overdueMs} * interval '1 millisecond'`;
  return claimed > 0;
}

/** Whether a process on this database found that the provider does not answer, and none found since that it does. */
export async function isFoundAway(ctx: Uses<'db' | 'segmind'>): Promise<boolean> {
  const reason: PauseReason = 'UNAVAILABLE';
  const where = { providerAccount: ctx.segmind.environment, reason };
  return (await ctx.db.providerPause.count({ where })) > 0;
}

/** Stores the result of a probe. After a failure the next probe comes later, but at most after `longestPauseMs`. */
export async function endProbe(ctx: Uses<'db' | 'segmind'>, isAnswering: boolean): Promise<void> {
  const { environment } = ctx.segmind;
  if (isAnswering) {
    await ctx.db.providerPause.deleteMany({
      where: { providerAccount: environment, reason: 'UNAVAILABLE' satisfies PauseReason },
    });
    return;
  }
  await ctx.db.$executeRaw`
    UPDATE provider_pauses SET tries = tries + 1,
      until = now() + least(${firstPauseMs} * 2 ^ least(tries - 1, 10), ${longestPauseMs}) * interval '1 millisecond'
    WHERE provider_account = ${environment} AND reason = 'UNAVAILABLE'`;
}

/** A pause of an account, or of the provider as a whole. */
export interface AccountPause {
  readonly account: string;
  readonly reason: PauseReason;
  readonly since: Date;
  readonly tries: number;
}

/**
 * The pauses in force: those of whole accounts for `accounts`, or all pauses. A pause that does not end by itself
 * counts for two minutes after its last try: when no run is tried any more, its state is unknown.
 */
export async function pausesInForce(
  ctx: { readonly db: Pick<Transaction, '$queryRaw'> },
  accounts: readonly string[] | null = null,
): Promise<AccountPause[]> {
  return ctx.db.$queryRaw<AccountPause[]>`
    SELECT provider_account AS account, reason, since, tries FROM provider_pauses
    WHERE (${accounts}::text[] IS NULL OR provider_account = ANY(${accounts}::text[]) AND model = '')
      AND until > now() - interval '1 second' * CASE reason WHEN 'RATE_LIMITED' THEN 0 ELSE 120 END`;
}
