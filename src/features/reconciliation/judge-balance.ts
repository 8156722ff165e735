import { fallOf, type Interval, roundingOf } from './intervals.ts';
import type { Finding, UncertainRun } from './witness.ts';

export type Suspect = Pick<UncertainRun, 'id' | 'since' | 'attemptedAt' | 'holdMicros' | 'priceMicros'>;

/** What the balance of an account says. */
interface Judgement {
  readonly findings: ReadonlyMap<string, Finding>;
  /** Intervals, by id, in which no uncertain run can have been charged. */
  readonly clear: ReadonlySet<bigint>;
}

/** An amount that is not explained yet, and who may have been charged with it. */
interface Question {
  amount: bigint;
  rounding: bigint;
  /** Some costs of that time are list prices, which may be wrong. */
  isAssumed: boolean;
  suspects: readonly Suspect[];
}

const noQuestion: Question = { amount: 0n, rounding: 0n, isAssumed: false, suspects: [] };

/**
 * Pure: what quiet intervals, oldest first, say of uncertain runs. A run may be charged from its submit until the
 * provider would have forgotten it; in all that time it is a suspect. What is unexplained was one suspect's, when there
 * is one and it held as much; or everybody's, when all have the same price and it is that times their number. As long
 * as it is neither, the question stays open and later intervals add to it. A suspect in whose time no question was left
 * open was not charged. A question that stays open, and any rise, leaves all that were suspects then to a person.
 *
 * A run of a database that went back is a suspect since its request. It is not known to have been submitted at all, and
 * what is unexplained may be what a run cost that the database has lost: so no charge is proved while it is a suspect.
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
    // A balance that rose, or fell by less than was paid, was paid into.
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

/** Whose the amount was; nobody's that could be said. Where list prices were only assumed, it must be prices exactly. */
function chargesOf({ amount, rounding, isAssumed, suspects }: Question): (readonly [string, bigint])[] {
  const [one, ...others] = suspects;
  if (!one || amount <= rounding) return [];
  const price = one.priceMicros;
  const isAlike = price !== null && others.every((other) => other.priceMicros === price);
  if (isAlike && amount === price * BigInt(suspects.length)) return suspects.map(({ id }) => [id, price]);
  return others.length === 0 && !isAssumed && amount <= one.holdMicros ? [[one.id, amount]] : [];
}
