import { z } from 'zod';
import type { Uses } from '../../platform/context.ts';
import type { BalanceObservation } from '../../platform/db/generated/client.ts';
import type { Segmind } from '../../platform/segmind/segmind.ts';

/** The state of an account in the books at one moment. */
const reading = z.object({
  at: z.date(),
  spentMicros: z.bigint(),
  /** The number of runs that the provider has, without UNCERTAIN ones. */
  busyRuns: z.int(),
  openRuns: z.int(),
  heldMicros: z.bigint(),
  newestAttempt: z.date().nullable(),
});
type Reading = z.output<typeof reading>;

async function read(ctx: Uses<'db'>, account: string): Promise<Reading> {
  const [row] = await ctx.db.$queryRaw<unknown[]>`
    SELECT clock_timestamp() AS at, count(*)::int AS "openRuns", coalesce(sum(hold_micros), 0)::bigint AS "heldMicros",
      count(*) FILTER (WHERE status <> 'UNCERTAIN')::int AS "busyRuns",
      (SELECT coalesce(sum(spent_micros), 0)::bigint FROM account_totals WHERE provider_account = ${account}) AS "spentMicros",
      (SELECT max(attempted_at) FROM generations WHERE provider_account = ${account}) AS "newestAttempt"
    FROM generations
    WHERE provider_account = ${account} AND status IN ('SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING', 'UNCERTAIN')`;
  return reading.parse(row);
}

function isQuiet(before: Reading, after: Reading): boolean {
  return (
    before.busyRuns + after.busyRuns === 0 &&
    before.spentMicros === after.spentMicros &&
    before.openRuns === after.openRuns &&
    before.newestAttempt?.getTime() === after.newestAttempt?.getTime()
  );
}

/** The runs whose charge may or may not be in the balance, also those that were submitted while it was read. */
function openBetween(before: Reading, after: Reading): Pick<Reading, 'openRuns' | 'heldMicros'> {
  if (before.newestAttempt?.getTime() === after.newestAttempt?.getTime()) return before;
  const booked = after.spentMicros > before.spentMicros ? after.spentMicros - before.spentMicros : 0n;
  return {
    openRuns: before.openRuns + after.openRuns,
    heldMicros: before.heldMicros + after.heldMicros + booked,
  };
}

/**
 * Stores an account's balance beside the state of the books at that moment; null when the provider returns no balance.
 * The books are read before the balance and again after it. The observation is quiet only when nothing happened
 * between. Throws SegmindError.
 */
export async function observeBalance(ctx: Uses<'db'>, account: Segmind): Promise<BalanceObservation | null> {
  const providerAccount = account.accountId;
  const before = await read(ctx, providerAccount);
  const { creditsMicros, freeCreditsMicros } = await account.credits();
  if (creditsMicros === null) return null;
  const after = await read(ctx, providerAccount);
  const { at, spentMicros } = before;
  const { openRuns, heldMicros } = openBetween(before, after);
  const seen = {
    balanceMicros: creditsMicros + (freeCreditsMicros ?? 0n),
    spentMicros,
    openRuns,
    heldMicros,
    isQuiet: isQuiet(before, after),
  };
  const [last, other] = await ctx.db.balanceObservation.findMany({
    where: { providerAccount },
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
    take: 2,
  });
  const isSame = (one: BalanceObservation | undefined) =>
    one?.balanceMicros === seen.balanceMicros &&
    one.spentMicros === spentMicros &&
    one.openRuns === openRuns &&
    one.heldMicros === heldMicros &&
    one.isQuiet === seen.isQuiet;
  const isIdle = last !== undefined && (after.newestAttempt?.getTime() ?? 0) <= last.at.getTime();
  // An idle account does not fill the table: it has two equal rows, and the time of the later row is updated.
  if (last && isSame(last) && isSame(other) && isIdle && last.at < at)
    return ctx.db.balanceObservation.update({ where: { id: last.id }, data: { at } });
  return ctx.db.balanceObservation.create({ data: { providerAccount, at, ...seen } });
}
