import { randomUUID } from 'node:crypto';
import type { z } from 'zod';

/**
 * A kind of job: what its jobs carry, and how they are treated. It can be sent by code that knows nothing of the work that
 * it stands for; `defineTask` adds that.
 */
export interface JobKind<Payload extends object> extends QueueSettings<Payload> {
  /** Parses what a job carries. A job may have been sent by another version, so it is parsed when it is taken, too. */
  readonly schema: z.ZodType<Payload>;
  /** What the log calls its jobs, as in "a wake-up" and "wake-ups". */
  readonly words: { readonly one: string; readonly many: string };
  /** By which names and values the log tells whose job it is. Without it the log only has the job's id. */
  subject?(payload: Payload): Readonly<Record<string, string>>;
  /** Places are kept for its urgent jobs. */
  readonly hasUrgent?: boolean;
}

/** What the database must know of a kind. */
export interface QueueSettings<Payload> {
  /** Its name in the database, which never changes. */
  readonly name: string;
  /**
   * What follows a try that failed. By default the next one, one second later, without an end. A job that is given back at a
   * stop, or whose process died, has had a try as well: a `limit` must allow for those.
   */
  readonly retry?: Retry;
  /** Keeps jobs of the same key from taking every place. */
  readonly fairness?: Fairness<Payload>;
}

export interface Retry {
  /** How many tries follow the first one. */
  readonly limit: number;
  /** From a failed try to the next one. */
  readonly delaySeconds: number;
  /** With this the delay doubles with each try, up to this. */
  readonly longestDelaySeconds?: number;
}

export interface Fairness<Payload> {
  /** Whose job it is. */
  key(payload: Payload): string;
  /** How many jobs of one key are worked on at a time, in all processes; processes that fetch at the same moment may exceed it. */
  readonly atOnce: number;
}

/** A job of a kind, as its handler gets it. */
export interface Job<Payload> {
  readonly id: string;
  readonly payload: Payload;
  /** Says that the job mostly waits from here on, so the next may be begun. It keeps its place and its lease. */
  settle(): void;
  /** False when the heartbeats came late: another process may have taken the job over. */
  isLeaseFresh(): boolean;
  /**
   * Does what must not be left halfway: a stop waits for it. The signal aborts when the stop can wait no longer; then the
   * work has a few seconds to write down how far it came.
   */
  finish<Result>(work: (hurried: AbortSignal) => Promise<Result>): Promise<Result>;
}

/** A job that is to be sent. */
export interface NewJob<Payload> {
  /** By default a new one. */
  readonly id?: string;
  readonly payload: Payload;
  /** It comes no sooner than after this. By default at once. */
  readonly delayMs?: number;
  /** It comes before the others of its kind. */
  readonly isUrgent?: boolean;
}

/**
 * Works on a job as long as it has the lease. When it throws, the job is tried again. The signal aborts when the process
 * stops: then it returns as soon as it can, and another process gets the job.
 */
export type JobHandler<Payload> = (job: Job<Payload>, signal: AbortSignal) => Promise<void>;

/** The id of a new job. */
export function newJobId(): string {
  return randomUUID();
}
