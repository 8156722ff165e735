import type { TaskContext } from '../../platform/context.ts';
import { defineTask } from '../../platform/jobs/define-task.ts';
import { endUnsent } from '../database-review/end-unsent.ts';
import { isAtRest } from '../generations/generation-state.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { type Wakeup, wakeups } from '../generations/queue/wakeup.ts';
import { pollGeneration } from './poll-generation.ts';
import { postpone, restUncertain } from './put-back.ts';
import { storeGeneration } from './results/store-generation.ts';
import { submitGeneration } from './submit-generation.ts';
import { createWorker, type Worker } from './worker.ts';

/*
 * One job covers the whole walk of a run, instead of one job for each poll. It costs the database nothing between
 * two changes of state. The run's row names its one valid wake-up, so a doubled or stale job does nothing. A sweep
 * gives forgotten runs a new wake-up.
 *
 * A run keeps its place and its lease while it waits, so there are thousands of places. But only few runs are begun
 * at a time, and one in eight of these is kept for urgent ones. A lease that was lost and comes back to the same
 * process belongs to the handler at work: it may go on reading, but begins nothing paid.
 */

/** How long a run of another provider environment waits before a process looks at it again. */
const foreignMs = 5_000;

/**
 * The work on runs, as many at a time as WORKER_CONCURRENCY says. A process that cannot reach the provider, while others
 * can, leaves them to the others.
 */
export const advanceGenerations = defineTask({
  ...wakeups,
  places: ({ config, health }: Parameters<typeof createWorker>[0]) =>
    health.isCutOff() ? 0 : config.WORKER_CONCURRENCY,
  leavesRoom: ({ config }) => config.ROLE === 'all',
  run: (ctx) => {
    const worker = createWorker(ctx);
    return (wakeup, signal) => advanceGeneration(worker, wakeup, signal);
  },
});

/**
 * Moves a run through its statuses while this worker holds its wake-up: step after step until the run rests, waits for
 * a later wake-up, or the worker is asked to hand over. Any worker can continue from the row.
 */
async function advanceGeneration(ctx: Worker, wakeup: Wakeup, signal: AbortSignal): Promise<void> {
  let run: GenerationRow | null = await ctx.db.generation.findUnique({
    where: { id: wakeup.payload.generationId },
  });
  // The row names its one valid wake-up. Another one is left over from an earlier state.
  if (run?.wakeupId !== wakeup.id) return;
  if (isAtRest(run.status)) return;
  // A process of that environment may take the run. The watch over the environment logs the difference.
  if (run.environment !== ctx.segmind.environment) {
    await postpone(ctx, run, foreignMs, 'ENVIRONMENT');
    return;
  }
  // The run waits for a slot, and gets a new wake-up with the slot.
  if (run.status === 'QUEUED' && !run.holdsSlot) return;
  if (run.status === 'SUBMITTING') {
    // Its worker ended between the intent and the answer. Only that worker could know whether the run was taken.
    await restUncertain(ctx, run, 'The worker that handed it over did not come back.', {});
    return;
  }
  try {
    while (run && !signal.aborted) run = await step(ctx, run, wakeup, signal);
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
}

/** Does one step. Resolves to the run when the next step can follow at once, null when this worker is done with it. */
async function step(
  ctx: Worker,
  run: GenerationRow,
  wakeup: Wakeup,
  signal: AbortSignal,
): Promise<GenerationRow | null> {
  switch (run.status) {
    case 'QUEUED':
      return run.cancelRequestedAt ? cancel(ctx, run) : submitGeneration(ctx, run, wakeup, signal);
    case 'SUBMITTED':
    case 'PROCESSING':
      wakeup.settle();
      return pollGeneration(ctx, run, signal);
    case 'STORING':
      wakeup.settle();
      await storeGeneration(ctx, run, signal);
      return null;
    default:
      return null;
  }
}

/** Ends a run whose cancellation was requested during the hand-over, and which the provider did not take. */
async function cancel(ctx: TaskContext, run: GenerationRow): Promise<null> {
  await endUnsent(ctx, run.id, { to: 'CANCELED', from: ['QUEUED'] });
  return null;
}
