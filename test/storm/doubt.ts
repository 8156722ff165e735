import { faultOf, type Job } from '../../src/simulator/jobs.ts';
import type { Submit } from './provider.ts';

/** What was committed from one moment to another is lost: the database went back. It has no end while it goes on. */
export interface Lapse {
  readonly from: number;
  to: number;
}

/** The database is silent, frozen or read-only, or the disk of the pictures is full. */
export type OutageKind = 'silent' | 'frozen' | 'readOnly' | 'full';

export interface Outage {
  readonly kind: OutageKind;
  readonly from: number;
  readonly to: number;
}

/** What the weather has done. Times are this machine's, in milliseconds. */
export interface Faults {
  /** When Postgres was crashed. */
  readonly crashes: number[];
  readonly lapses: Lapse[];
  readonly outages: Outage[];
}

/** What the storm knows of its own doings. */
export interface Evidence extends Faults {
  /** When each life of a server was ended. */
  readonly deaths: ReadonlyMap<number, number>;
  /** How long a submit may be under way: from the intent to the record of the answer. */
  readonly windowMs: number;
}

/** Two processes read one clock at different moments. */
const slackMs = 100;
/** A submit that had begun before the database went back may arrive after it, and clients ask on until they hear of it. */
const afterwardsMs = 10_000;

/** Whether what happened at a moment may be lost, or was under way when the database went back. */
export function isInLapse(at: number, lapses: readonly Lapse[]): boolean {
  return lapses.some(({ from, to }) => at >= from - slackMs && at <= to + afterwardsMs);
}

/** What is known of a run that is UNCERTAIN. */
export interface Doubt {
  readonly requestedAt: number;
  readonly intentAt: number;
  /** What the run itself says of its doubt. */
  readonly message: string;
  readonly submits: readonly Submit[];
  readonly jobs: readonly Job[];
}

/**
 * Whether a run may be UNCERTAIN: its answer was lost; or the database had gone back, and it was unfinished then; or its
 * last submit, begun at `intentAt`, was under way when its server was killed or Postgres crashed; or the database was
 * silent or frozen then, and kept for itself whether it had the intent. In an outage a submit is under way until its answer
 * can be recorded. Answers the reason, and how long after the intent it came; null when there is none.
 */
export function reasonForDoubt(
  run: Doubt,
  { deaths, crashes, lapses, outages, windowMs }: Evidence,
): { reason: 'answer lost' | 'went back' | 'killed' | 'crashed' | OutageKind; afterMs: number } | null {
  const isLost = run.jobs.some((job) => faultOf(job, 'accept-then-504') || faultOf(job, 'accept-then-reset'));
  if (isLost) return { reason: 'answer lost', afterMs: 0 };
  if (run.message.includes('older copy')) {
    const isExplained = lapses.some(({ to }) => run.requestedAt < to + afterwardsMs);
    return isExplained ? { reason: 'went back', afterMs: 0 } : null;
  }
  const [startsAt, usualEnd] = [run.intentAt - slackMs, run.intentAt + windowMs];
  const near = outages.filter(({ from, to }) => from <= usualEnd && to + afterwardsMs >= startsAt);
  const endsAt = Math.max(usualEnd, ...near.map(({ to }) => to + afterwardsMs));
  const isNear = (at: number) => at >= startsAt && at <= endsAt;
  const sent = run.submits.findLast(({ at }) => at >= run.intentAt - slackMs);
  // Killed before it sent anything: it is unknown which server that was.
  const ends = sent ? [deaths.get(sent.life) ?? Number.NaN] : [...deaths.values()];
  const killedAt = ends.find(isNear);
  if (killedAt !== undefined) return { reason: 'killed', afterMs: killedAt - run.intentAt };
  const crashedAt = [...crashes, ...lapses.map(({ to }) => to)].find(isNear);
  if (crashedAt !== undefined) return { reason: 'crashed', afterMs: crashedAt - run.intentAt };
  const mute = near.find(({ kind, to }) => (kind === 'silent' || kind === 'frozen') && to >= startsAt);
  return mute ? { reason: mute.kind, afterMs: Math.max(mute.from - run.intentAt, 0) } : null;
}
