import { failureCodes, failureColumns } from '../generations/failure.ts';
import type { GenerationStatus } from '../generations/generation-state.ts';
import { moveGeneration } from '../generations/move-generation.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { simulated } from '../provider/environment.ts';
import { type EndsUnsent, endUnsent } from './end-unsent.ts';

const batchSize = 500;
const unsubmitted: GenerationStatus[] = ['AWAITING_APPROVAL', 'QUEUED'];
/** Runs of the simulator cost nothing, so they are ended in each of these statuses. */
const unfinished: GenerationStatus[] = [
  ...unsubmitted,
  'SUBMITTING',
  'SUBMITTED',
  'PROCESSING',
  'STORING',
  'UNCERTAIN',
];

/**
 * Ends the runs that were requested under another provider environment than the database's, and releases their holds.
 * Runs that a live account may have taken stay as they are. Resolves to the number of ended runs.
 */
export async function endForeignRuns(ctx: EndsUnsent): Promise<number> {
  let count = 0;
  for (;;) {
    const runs = await ctx.db.$queryRaw<Pick<GenerationRow, 'id' | 'environment' | 'status'>[]>`
      SELECT id::text AS id, environment, status::text AS status FROM generations
      WHERE environment <> provider_environment() AND (status::text = ANY(${unsubmitted})
        OR environment = ${simulated} AND status::text = ANY(${unfinished}))
      LIMIT ${batchSize}`;
    for (const run of runs) if (await endForeignRun(ctx, run)) count += 1;
    if (runs.length < batchSize) break;
  }
  if (count > 0) ctx.log.warn({ count }, 'runs of another provider environment were ended without cost');
  return count;
}

/** Ends one run. Resolves to false when its status has changed since it was read. */
async function endForeignRun(
  ctx: EndsUnsent,
  { id, environment, status }: Pick<GenerationRow, 'id' | 'environment' | 'status'>,
): Promise<boolean> {
  const failure = {
    code: 'ENVIRONMENT_CHANGED',
    message: failureCodes.ENVIRONMENT_CHANGED,
    retryable: true,
  } as const;
  const move = { to: 'FAILED', from: [status], set: failureColumns(failure) } as const;
  const moved =
    environment === simulated
      ? await moveGeneration(ctx, id, {
          ...move,
          set: { ...move.set, costMicros: 0n, costSource: 'NOT_SUBMITTED' },
        })
      : await endUnsent(ctx, id, move);
  return moved !== null;
}
