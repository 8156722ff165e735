import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { Prisma } from '../../platform/db/generated/client.ts';

/**
 * Why nothing is submitted for a while. UNAVAILABLE: the provider does not answer. SUBMITS_FAIL: it answers reads, and
 * submits break off all the same.
 */
export type PauseReason =
  | 'UNAVAILABLE'
  | 'SUBMITS_FAIL'
  | 'RATE_LIMITED'
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'NO_CREDITS';

/** These do not end by themselves: after the pause a single run is tried, and the provider's answer decides. */
const triedByRun: readonly PauseReason[] = ['SUBMITS_FAIL', 'UNAUTHORIZED', 'FORBIDDEN', 'NO_CREDITS'];

/** A pause as it stands. */
export interface Pause {
  readonly reason: PauseReason;
  /** How long it has been in force for the same reason. */
  readonly ageMs: number;
  /** How long until it is over or, where it does not end by itself, tried again. */
  readonly remainingMs: number;
}

/** What is paused: an account or, under the name of the provider environment, the provider as a whole. */
interface Scope {
  readonly account: string;
  /** Left out: the whole account. */
  readonly model?: string;
}

const firstPauseMs = 1_000;
/** Longer than this no pause grows: when it is over, runs go on within seconds. */
const longestPauseMs = 4_000;
/** A submit that breaks off leaves a run in doubt, so one is tried more rarely. */
const submitEveryMs = 10_000;

/** Whether the row `p` tells of the same pause: the same reason again, soon after. */
const isSame = Prisma.sql`(p.reason = excluded.reason
  AND p.until > now() - interval '1 second' * CASE p.reason WHEN 'RATE_LIMITED' THEN 10 ELSE 120 END)`;
/** Whether the row `p` is in force and says more: what a run is told to wait for must not be less than what it waits for. */
const gravity = (row: 'p' | 'excluded') =>
  Prisma.raw(`CASE ${row}.reason WHEN 'UNAVAILABLE' THEN 2 WHEN 'RATE_LIMITED' THEN 0 ELSE 1 END`);
const isInForce = Prisma.sql`(p.until > now() OR p.reason = 'UNAVAILABLE')`;
const isGraver = Prisma.sql`(${isInForce} AND ${gravity('p')} > ${gravity('excluded')})`;
const pauseColumns = Prisma.sql`p.reason, (extract(epoch FROM now() - p.since) * 1000)::float8 AS "ageMs",
  (extract(epoch FROM p.until - now()) * 1000)::float8 AS "remainingMs"`;

/**
 * Stops submits in every process on this database, for so long or, with null, twice as long as the last time. What was
 * under way together is refused together, and counts once. A pause is never shortened, and one that a person must end is
 * not replaced by one that ends by itself.
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

/** The longest pause in force for a model of an account, or null. The provider's own ends when it is found to answer. */
export async function findPause(
  ctx: Uses<'db' | 'segmind'>,
  { account, model = '' }: Scope,
): Promise<Pause | null> {
  const [pause] = await ctx.db.$queryRaw<Pause[]>`
    SELECT ${pauseColumns} FROM provider_pauses p
    WHERE p.provider_account IN (${account}, ${ctx.segmind.environment}) AND p.model IN ('', ${model})
      AND (p.until > now() OR p.reason = 'UNAVAILABLE')
    ORDER BY p.until DESC LIMIT 1`;
  return pause ?? null;
}

/**
 * A pause that does not end by itself is tried by a single run when it is over: by the caller that pushes it forward. That
 * caller gets null. Where there is nothing to be tried all get null. The others get the pause that they wait for.
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
 * The provider took a run: whatever was wrong with it, or with the account, is over. A rate limit holds as long as was said
 * all the same: the run may have been sent before the refusal.
 */
export async function endPauses(ctx: Uses<'db' | 'segmind'>, { account, model = '' }: Scope): Promise<void> {
  await ctx.db.$executeRaw`
    DELETE FROM provider_pauses
    WHERE provider_account IN (${account}, ${ctx.segmind.environment}) AND model IN ('', ${model})
      AND NOT (reason = 'RATE_LIMITED' AND until > now())`;
}

/**
 * Takes it on the caller to ask the provider whether it answers again, for `intervalMs`. False when nothing is to be asked,
 * or another process does.
 */
export async function claimProbe(ctx: Uses<'db' | 'segmind'>, intervalMs: number): Promise<boolean> {
  const claimed = await ctx.db.$executeRaw`
    UPDATE provider_pauses SET until = now() + ${intervalMs} * interval '1 millisecond'
    WHERE provider_account = ${ctx.segmind.environment} AND reason = 'UNAVAILABLE' AND until <= now()`;
  return claimed > 0;
}

/** Whether the provider was found not to answer, and was not found to answer since: by any process on this database. */
export async function isFoundAway(ctx: Uses<'db' | 'segmind'>): Promise<boolean> {
  const reason: PauseReason = 'UNAVAILABLE';
  const where = { providerAccount: ctx.segmind.environment, reason };
  return (await ctx.db.providerPause.count({ where })) > 0;
}

/** Writes down what a probe found. It is made again ever more rarely, and often enough that runs go on within seconds. */
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

/** How an account, or the provider as a whole, is paused. */
export interface AccountPause {
  readonly account: string;
  readonly reason: PauseReason;
  readonly since: Date;
  readonly tries: number;
}

/**
 * The pauses in force: those of whole accounts for `accounts`, or all. One that does not end by itself counts for two minutes
 * after its last try: where it is not tried any more nothing is known.
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
