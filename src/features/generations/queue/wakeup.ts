import { z } from 'zod';
import type { Uses } from '../../../platform/context.ts';
import type { Transaction } from '../../../platform/db/connect.ts';
import { type Job, type JobKind, type NewJob, newJobId } from '../../../platform/jobs/job.ts';

/** The payload of a wake-up. */
interface RunToWake {
  readonly generationId: string;
}

/**
 * The jobs of runs. A job is a wake-up for one run and, while it is worked on, the lease on that run. A job that is
 * lost, doubled or late does no harm, because the run's own row names its one valid wake-up.
 */
export const wakeups: JobKind<RunToWake> = {
  name: 'advance-generation',
  schema: z.object({ generationId: z.uuid() }),
  words: { one: 'a wake-up', many: 'wake-ups' },
  subject: ({ generationId }) => ({ generationId }),
  hasUrgent: true,
};

/** A wake-up, as the worker gets it. */
export type Wakeup = Job<RunToWake>;

/** A wake-up that is to be sent. */
export interface NewWakeup extends RunToWake, Omit<NewJob<RunToWake>, 'payload'> {
  readonly id: string;
}

/** The id of a new wake-up. */
export const newWakeupId = newJobId;

/** Sends wake-ups in the caller's transaction. */
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
