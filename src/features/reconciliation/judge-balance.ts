import { fallOf, type Interval, roundingOf } from './intervals.ts';
import type { Finding, UncertainRun } from './witness.ts';

export type Suspect = Pick<UncertainRun, 'id' | 'since' | 'attemptedAt' | 'holdMicros' | 'priceMicros'>;

/** The findings that the balance of an account proves. */
interface Judgement {
  readonly findings: ReadonlyMap<string, Finding>;
  /** Intervals, by id, in which no uncertain run can have been charged. */
  readonly clear: ReadonlySet<bigint>;
}

/** An amount that is not explained yet, and the runs that may have been charged with it. */
interface Question {
  amount: bigint;
  rounding: bigint;
  /** Whether some costs of that time are list prices, which may be wrong. */
  isAssumed: boolean;
  suspects: readonly Suspect[];
}

const noQuestion: Question = { amount: 0n, rounding: 0n, isAssumed: false, suspects: [] };

/**
 * Judges uncertain runs by quiet intervals, oldest first. Pure. A run may be charged from its submit until the end of
 * its lifetime; in all that time it is a suspect. An unexplained amount was charged for a single suspect when its hold
 * is at least the amount. It was charged for all suspects when they have the same price and the amount is that price
 * times their number. Otherwise the question stays open, and later intervals add to it. A suspect was not charged when
 * no question is open at the end of its lifetime. When a question stays open, and when the balance rises, all suspects
 * of that time are left to a person.
 *
 * A run of a database that was restored to an older state is a suspect since its request. It is not known whether it
 * was submitted, and an unexplained amount may be the cost of a run that the database has lost. So no charge is proved
 * while such a run is a suspect.
 */
export function judgeBalance(
  intervals: readonly Interval[],
  runs: readonly Suspect[],
  lifetimeMs: number,
): Judgement {
  const findings = new Map<string, Finding>();
  const clear = new Set<bigint>();
  const [first] = intervals;
  // A run that was submitted before the first observation may have been charged before it.
  const unclear = new Set(runs.filter((run) => !first || run.since <= first.from).map(({ id }) => id));
  const endOf = (run: Suspect) => run.attemptedAt.getTime() + lifetimeMs;
  let question = noQuestion;
  const giveUp = (suspects: readonly Suspect[]) => {
    for (const { id } of [...suspects, ...question.suspects]) unclear.add(id);
    question = noQuestion;
  };
  for (const interval of intervals) {
    const suspects = runs.filter(
      (run) => !findings.has(run.id) && run.since <= interval.to && endOf(run) > interval.from.getTime(),
    );
    if (suspects.length === 0 && question === noQuestion) clear.add(interval.id);
    const unexplained = fallOf(interval) - interval.costMicros;
    // When the balance rose, or fell by less than the known cost, there was a payment into the account.
    const isSound = unexplained >= -roundingOf(interval) && interval.pendingRuns === 0;
    if (isSound) {
      question = widen(question, interval, suspects, unexplained);
      const isUnclear = (run: Suspect) => unclear.has(run.id) || run.since < run.attemptedAt;
      const charges = question.suspects.some(isUnclear) ? [] : chargesOf(question);
      for (const [id, costMicros] of charges)
        findings.set(id, { kind: 'CHARGED', costMicros, requestId: null });
      if (charges.length > 0 || question.amount <= question.rounding) question = noQuestion;
      else if (question.suspects.every((run) => endOf(run) <= interval.to.getTime())) giveUp([]);
    } else {
      giveUp(suspects);
    }
    for (const run of suspects) {
      const isOpen = question.suspects.includes(run) || unclear.has(run.id) || findings.has(run.id);
      if (!isOpen && endOf(run) <= interval.to.getTime()) findings.set(run.id, { kind: 'NOT_CHARGED' });
    }
  }
  return { findings, clear };
}

function widen(
  question: Question,
  interval: Interval,
  suspects: readonly Suspect[],
  amount: bigint,
): Question {
  return {
    amount: question.amount + amount,
    rounding: question.rounding + roundingOf(interval),
    isAssumed: question.isAssumed || interval.assumedRuns > 0,
    suspects: [...new Set([...question.suspects, ...suspects])],
  };
}

/**
 * The runs that were charged with the amount, and their costs; empty when it cannot be decided. When some costs are
 * only assumed list prices, the amount must be exactly the prices of the suspects.
 */
function chargesOf({ amount, rounding, isAssumed, suspects }: Question): (readonly [string, bigint])[] {
  const [one, ...others] = suspects;
  if (!one || amount <= rounding) return [];
  const price = one.priceMicros;
  const haveOnePrice = price !== null && others.every((other) => other.priceMicros === price);
  if (haveOnePrice && amount === price * BigInt(suspects.length))
    return suspects.map(({ id }) => [id, price]);
  return others.length === 0 && !isAssumed && amount <= one.holdMicros ? [[one.id, amount]] : [];
}
