import { fallOf, type Interval, roundingOf } from './intervals.ts';
import type { Finding, UncertainRun } from './witness.ts';

export type Suspect = Pick<UncertainRun, 'id' | 'attemptedAt' | 'holdMicros' | 'priceMicros'>;

/** What the balance of an account says. */
export interface Judgement {
  readonly findings: ReadonlyMap<string, Finding>;
  /** Intervals, by id, in which no uncertain run can have been charged. */
  readonly clear: ReadonlySet<bigint>;
}

/**
 * Pure: what quiet intervals, oldest first, say of uncertain runs. A run may be charged from its submit until the
 * provider would have forgotten it; in all that time it is a suspect. What is unexplained in an interval was one
 * suspect's, when there is one and it held as much; or everybody's, when all have the same price and it is that times
 * their number. A suspect in whose time nothing was unexplained was not charged. Any other difference, and any rise,
 * leaves all that were suspects then to a person.
 */
export function judgeBalance(
  intervals: readonly Interval[],
  runs: readonly Suspect[],
  lifetimeMs: number,
): Judgement {
  const findings = new Map<string, Finding>();
  const clear = new Set<bigint>();
  const [first] = intervals;
  // What was handed over before anybody looked may have been charged before as well.
  const doubtful = new Set(runs.filter((run) => !first || run.attemptedAt <= first.from).map(({ id }) => id));
  const endOf = (run: Suspect) => run.attemptedAt.getTime() + lifetimeMs;
  for (const interval of intervals) {
    const suspects = runs.filter(
      (run) =>
        !findings.has(run.id) && run.attemptedAt <= interval.to && endOf(run) > interval.from.getTime(),
    );
    if (suspects.length === 0) clear.add(interval.id);
    const unexplained = fallOf(interval) - interval.costMicros;
    const rounding = roundingOf(interval);
    const isDecided = fallOf(interval) >= 0n && unexplained >= -rounding && interval.pendingRuns === 0;
    if (isDecided && unexplained > rounding && !suspects.some(({ id }) => doubtful.has(id))) {
      const charges = chargesOf(suspects, unexplained, interval.assumedRuns > 0);
      for (const [id, costMicros] of charges)
        findings.set(id, { kind: 'CHARGED', costMicros, requestId: null });
      if (charges.length === 0) for (const { id } of suspects) doubtful.add(id);
    } else if (!isDecided || unexplained > rounding) {
      for (const { id } of suspects) doubtful.add(id);
    }
    for (const run of suspects) {
      if (findings.has(run.id) || doubtful.has(run.id) || endOf(run) > interval.to.getTime()) continue;
      findings.set(run.id, { kind: 'NOT_CHARGED' });
    }
  }
  return { findings, clear };
}

/** Whose the amount was; nobody's that could be said. Where list prices were only assumed, it must be prices exactly. */
function chargesOf(
  suspects: readonly Suspect[],
  unexplained: bigint,
  isAssumed: boolean,
): (readonly [string, bigint])[] {
  const [one, ...others] = suspects;
  if (!one) return [];
  const price = one.priceMicros;
  const isAllAtPrice =
    price !== null &&
    others.every((other) => other.priceMicros === price) &&
    unexplained === price * BigInt(suspects.length);
  if (price !== null && isAllAtPrice) return suspects.map(({ id }) => [id, price]);
  return others.length === 0 && !isAssumed && unexplained <= one.holdMicros ? [[one.id, unexplained]] : [];
}
