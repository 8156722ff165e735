import { faultOf, type Job } from '../../src/simulator/jobs.ts';
import type { Submit } from './provider.ts';

/** What the storm knows of its own doings. Times are this machine's, in milliseconds. */
export interface Evidence {
  /** When each life of a server was ended. */
  readonly deaths: ReadonlyMap<number, number>;
  /** When Postgres was crashed. */
  readonly crashes: readonly number[];
}

/** From the intent to the record of the answer it takes a few milliseconds; longer on a machine that starts a server a second. */
const windowMs = 1_500;
/** Two processes read one clock at different moments. */
const slackMs = 100;

/**
 * Whether a run may be UNCERTAIN: its answer was lost, or its last submit, begun at `intentAt`, was under way when its
 * server was killed or Postgres crashed. Answers the reason, and how long after the intent it came; null when there is none.
 */
export function reasonForDoubt(
  run: { intentAt: number; submits: readonly Submit[]; jobs: readonly Job[] },
  { deaths, crashes }: Evidence,
): { reason: 'answer lost' | 'killed' | 'crashed'; afterMs: number } | null {
  const isLost = run.jobs.some((job) => faultOf(job, 'accept-then-504') || faultOf(job, 'accept-then-reset'));
  if (isLost) return { reason: 'answer lost', afterMs: 0 };
  const isNear = (at: number) => at >= run.intentAt - slackMs && at <= run.intentAt + windowMs;
  const sent = run.submits.findLast(({ at }) => at >= run.intentAt - slackMs);
  // Killed before it sent anything: nobody knows which server that was.
  const ends = sent ? [deaths.get(sent.life) ?? Number.NaN] : [...deaths.values()];
  const killedAt = ends.find(isNear);
  if (killedAt !== undefined) return { reason: 'killed', afterMs: killedAt - run.intentAt };
  const crashedAt = crashes.find(isNear);
  return crashedAt === undefined ? null : { reason: 'crashed', afterMs: crashedAt - run.intentAt };
}
