import { formatMicros } from '../../money.ts';
import type { TaskContext } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { persist } from '../../platform/db/persist.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { recordCost } from '../generations/record-cost.ts';
import { recordPrice } from '../prices/record-price.ts';
import { rememberedIntervals } from './balance-witness.ts';
import { fallOf, type Interval, lifetimeMs, listIntervals, roundingOf } from './intervals.ts';
import { judgeBalance } from './judge-balance.ts';
import type { UncertainRun } from './witness.ts';

/** The most runs of one interval that are corrected together. */
const mostRuns = 200;
/** When the balance fell by this much less than expected, a payment into the account is the likely reason. */
const leastTopUpMicros = 1_000_000n;
/** A price does not rise by a greater factor at once. A greater loss means that the account was used elsewhere too. */
const greatestRise = 10n;

type Tools = Pick<TaskContext, 'db' | 'config' | 'log'>;

/**
 * Corrects the cost of runs for which the provider reported no cost. Between two quiet observations the balance lost
 * the cost of the runs between them, which gives the price of one run, or of several runs of one model and shape. When
 * the provider's own figures contradict its balance nothing is booked, and a warning is logged for the interval that
 * ends with `newest`. Resolves to the number of corrected runs.
 */
export async function correctCosts(
  ctx: Tools,
  account: string,
  uncertain: readonly UncertainRun[],
  newest: bigint | null,
): Promise<number> {
  const intervals = await listIntervals(ctx, {
    account,
    lifetimeMs: lifetimeMs(ctx),
    limit: rememberedIntervals,
    quietOnly: true,
  });
  const { clear } = judgeBalance(intervals.toReversed(), uncertain, lifetimeMs(ctx));
  let count = 0;
  for (const interval of intervals) {
    const difference = fallOf(interval) - interval.costMicros;
    const magnitude = difference < 0n ? -difference : difference;
    if (magnitude <= roundingOf(interval) || !clear.has(interval.id)) continue;
    const corrected = isByAssumedPrices(interval, difference)
      ? await correct(ctx, account, interval, difference)
      : 0;
    count += corrected;
    if (corrected === 0 && interval.id === newest) warn(ctx, account, interval, difference);
  }
  return count;
}

/** Whether assumed prices are the only possible reason of the difference. */
function isByAssumedPrices(interval: Interval, difference: bigint): boolean {
  const { assumedRuns, provenRuns, pendingRuns } = interval;
  if (assumedRuns === 0 || assumedRuns > mostRuns || provenRuns > 0 || pendingRuns > 0) return false;
  return fallOf(interval) >= 0n && difference > -leastTopUpMicros;
}

async function correct(ctx: Tools, account: string, interval: Interval, difference: bigint): Promise<number> {
  const runs = await ctx.db.generation.findMany({
    where: {
      providerAccount: account,
      attemptedAt: { gt: interval.from, lte: interval.to },
      status: { in: ['COMPLETED', 'FAILED'] },
      OR: [{ costSource: 'PRICE_LIST' }, { costMicros: null }],
    },
    // Projects are locked one after another, and all transactions use this order.
    orderBy: [{ projectId: 'asc' }, { id: 'asc' }],
  });
  const [first] = runs;
  const number = BigInt(runs.length);
  if (!first || runs.length !== interval.assumedRuns || difference % number !== 0n) return 0;
  const isOneKind = runs.every(
    (run) =>
      run.model === first.model && run.priceShape === first.priceShape && run.costMicros === first.costMicros,
  );
  const costMicros = (first.costMicros ?? 0n) + difference / number;
  const bound = (first.costMicros ?? first.holdMicros) * greatestRise;
  if (!isOneKind || costMicros < 0n || costMicros > bound) return 0;
  // All runs or none are corrected, because the rest of a difference would prove nothing.
  const isBooked = await persist.execute(() => book(ctx, runs, costMicros));
  if (!isBooked) return 0;
  const facts = {
    account,
    runs: runs.length,
    was: first.costMicros === null ? null : formatMicros(first.costMicros),
  };
  ctx.log.info({ ...facts, cost: formatMicros(costMicros) }, 'the balance shows what runs have cost');
  return runs.length;
}

async function book(ctx: Tools, runs: readonly GenerationRow[], costMicros: bigint): Promise<boolean> {
  const work = async (tx: Transaction) => {
    // All runs are locked before the first project, so no transaction that has locked a project waits for a run.
    await tx.$queryRaw`
      SELECT id FROM generations WHERE id = ANY(${runs.map(({ id }) => id)}::uuid[])
      ORDER BY project_id, id FOR NO KEY UPDATE`;
    for (const run of runs) {
      if (!(await recordCost(tx, run, { costMicros, costSource: 'BALANCE' }))) throw new Changed();
      const { model, priceShape, outputCount, providerAccount, environment } = run;
      if (run.status !== 'COMPLETED' || costMicros === 0n) continue;
      await recordPrice(tx, {
        model,
        priceShape,
        outputCount,
        providerAccount,
        environment,
        costMicros,
        seconds: null,
        source: 'BALANCE',
      });
    }
    return true;
  };
  return ctx.db.$transaction(work).catch((error: unknown) => {
    if (error instanceof Changed) return false;
    throw error;
  });
}

/** Another transaction has corrected one of the runs. */
class Changed extends Error {}

function warn({ log }: Tools, account: string, interval: Interval, difference: bigint): void {
  const { from, to, costMicros, runs } = interval;
  const amounts = {
    fell: formatMicros(fallOf(interval)),
    explained: formatMicros(costMicros),
    unexplained: formatMicros(difference),
  };
  log.warn({ account, from, to, runs, ...amounts }, 'the balance of the account and the books disagree');
}
