import { z } from 'zod';
import type { Logger } from '../../src/logger.ts';
import { connectDatabase } from '../../src/platform/db/connect.ts';
import { defineTask, type JobTask, startTasks } from '../../src/platform/jobs/define-task.ts';
import type { JobHandler } from '../../src/platform/jobs/job.ts';
import { startJobQueue } from '../../src/platform/jobs/job-queue.ts';

/** A kind of job that the product does not have. */
export interface Chore {
  readonly owner: string;
  readonly name: string;
}

/** What all chores have in common. */
export const chores = {
  name: 'chores',
  schema: z.object({ owner: z.string(), name: z.string() }),
  words: { one: 'a chore', many: 'chores' },
  subject: ({ owner }: Chore) => ({ owner }),
  places: 4,
} as const;

/** In what chores of tests differ. */
export type ChoreSettings = Partial<Pick<JobTask<unknown, Chore>, 'retry' | 'fairness' | 'schedule'>>;

/** As a process of its own would work on chores. */
export async function workOnChores(
  databaseUrl: string,
  log: Logger,
  work: JobHandler<Chore>,
  more: ChoreSettings = {},
) {
  const task = { ...chores, ...more, run: () => work };
  const db = connectDatabase(databaseUrl, { maxConnections: 2 });
  const jobs = await startJobQueue(databaseUrl, [task], log);
  const ending = new AbortController();
  startTasks({ jobs, db, log }, [defineTask(task)], ending.signal);
  return {
    /** Sends chores, in this order, in one transaction. */
    send: (...all: readonly Chore[]) =>
      db.$transaction((tx) => jobs.send(tx, task, ...all.map((payload) => ({ payload })))),
    async stop() {
      ending.abort();
      await jobs.stop(1_000);
      await db.$disconnect();
    },
  };
}
