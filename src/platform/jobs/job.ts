import { randomUUID } from 'node:crypto';
import type { z } from 'zod';

/**
 * A kind of job: the payload of its jobs, and their settings. Code that does not know the work can send such jobs;
 * `defineTask` adds the work.
 */
export interface JobKind<Payload extends object> extends QueueSettings<Payload> {
  /** Parses the payload. It is also parsed when the job is taken, because another version may have sent the job. */
  readonly schema: z.ZodType<Payload>;
  /** The names of its jobs in the log, such as "a wake-up" and "wake-ups". */
  readonly words: { readonly one: string; readonly many: string };
  /** The names and values that identify a job's subject in the log. Without it the log only has the job's id. */
  subject?(payload: Payload): Readonly<Record<string, string>>;
  /** Whether places are kept for its urgent jobs. */
  readonly hasUrgent?: boolean;
}

/** The settings of a kind that the database keeps. */
export interface QueueSettings<Payload> {
  /** Its name in the database, which never changes. */
  readonly name: string;
  /**
   * How a job is retried. By default it is tried again after one second, without a limit. A job that is given back at a
   * stop, or whose process died, has also used a try: a `limit` must allow for these.
   */
  readonly retry?: Retry;
  /** Keeps jobs of the same key from taking all places. */
  readonly fairness?: Fairness<Payload>;
}

export interface Retry {
  /** The number of further tries after the first one. */
  readonly limit: number;
  /** The time from a failed try to the next one. */
  readonly delaySeconds: number;
  /** When set, the delay doubles with each try, up to this value. */
  readonly longestDelaySeconds?: number;
}

export interface Fairness<Payload> {
  /** The key of a job: jobs with the same key share places. */
  key(payload: Payload): string;
  /**
   * The number of jobs of one key that all processes together work on at a time. Processes that fetch at the same
   * moment may exceed it.
   */
  readonly atOnce: number;
}

/** A claim on a job: the job's id, and the number of its retry. */
export interface Claim {
  readonly id: string;
  readonly retryCount: number;
}

/** A job of a kind, as its handler gets it. */
export interface Job<Payload> {
  readonly id: string;
  readonly payload: Payload;
  /**
   * Says that the job mostly waits from now on, so that another job may begin. The job keeps its place and its lease.
   */
  settle(): void;
  /** False when the heartbeats came late: another process may have taken the job over. */
  isLeaseFresh(): boolean;
  /**
   * Does work that must not be interrupted: a stop waits for it. The signal aborts when the stop can wait no longer;
   * then the work has a few seconds to store how far it came.
   */
  finish<Result>(work: (hurried: AbortSignal) => Promise<Result>): Promise<Result>;
}

/** A job that is to be sent. */
export interface NewJob<Payload> {
  /** By default a new id. */
  readonly id?: string;
  readonly payload: Payload;
  /** The earliest moment of the job, from now. By default at once. */
  readonly delayMs?: number;
  /** Whether the job comes before the other jobs of its kind. */
  readonly isUrgent?: boolean;
}

/**
 * Works on a job while it has the lease. When it throws, the job is tried again. The signal aborts when the process
 * stops: then the handler returns as soon as it can, and another process gets the job.
 */
export type JobHandler<Payload> = (job: Job<Payload>, signal: AbortSignal) => Promise<void>;

/** The id of a new job. */
export function newJobId(): string {
  return randomUUID();
}
