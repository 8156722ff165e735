import { z } from 'zod';
import type { Uses } from '../../../platform/context.ts';
import type { Transaction } from '../../../platform/db/connect.ts';
import { type Job, type JobKind, type NewJob, newJobId } from '../../../platform/jobs/job.ts';

/** What the job of a run carries. */
interface RunToWake {
  readonly generationId: string;
}

/**
 * The jobs of runs. A job is a wake-up for one run and, while it is worked on, the lease on that run. Losing, doubling or
 * delaying a job is harmless, because the run's own row is the truth: it names its one valid wake-up.
 */
export const wakeups: JobKind<RunToWake> = {
  name: 'advance-generation',
  schema: z.object({ generationId: z.uuid() }),
  words: { one: 'a wake-up', many: 'wake-ups' },
  subject: ({ generationId }) => ({ generationId }),
  hasUrgent: true,
};

/** A run's turn, as the worker gets it. */
export type Wakeup = Job<RunToWake>;

/** A turn to be given to a run. */
export interface NewWakeup extends RunToWake, Omit<NewJob<RunToWake>, 'payload'> {
  readonly id: string;
}

/** A fresh wake-up's id. */
export const newWakeupId = newJobId;

/** Gives runs their turns in the caller's transaction. */
export async function sendWakeups(
  { jobs }: Uses<'jobs'>,
  tx: Transaction,
  ...all: readonly NewWakeup[]
): Promise<void> {
  await jobs.send(
    tx,
    wakeups,
    ...all.map(({ generationId, ...job }) => ({ ...job, payload: { generationId } })),
  );
}
