import { persist } from '../../../platform/db/persist.ts';
import { moveTogether } from '../../generations/move-together.ts';
import type { StoredOutputProblem } from '../../generations/output-problem.ts';
import { type GenerationRow, readOutputProblems } from '../../generations/progress.ts';
import type { Worker } from '../worker.ts';
import { tooMany } from './keep-outputs.ts';
import { failPaid } from './keep-result.ts';
import { restate } from './record-late.ts';
import { storeOutputs } from './store-outputs.ts';

/** The most problems of a run that are logged. The run's row has all of them. */
const mostLogged = 10;

/**
 * Copies a run's outputs into storage and ends the run. A broken output does not fail the others. A run without any
 * usable output has failed, although it was paid for. Refused outputs are stored as they arrived.
 */
export async function storeGeneration(ctx: Worker, run: GenerationRow, signal: AbortSignal): Promise<void> {
  const stored = await storeOutputs(ctx, run, signal);
  const images = stored.flatMap((each) => ('image' in each ? [each] : []));
  const refused = stored.flatMap((each) => ('code' in each ? [each] : (each.problem ?? [])));
  logProblems(ctx, run, refused);
  // The problem of too many outputs was stored with the answer.
  const problems = [...refused, ...readOutputProblems(run).filter(({ code }) => code === tooMany)];
  if (images.length === 0) {
    const isOurs = problems.some(({ code }) => code === 'STORAGE_UNAVAILABLE');
    const code = isOurs ? 'STORAGE_FAILED' : 'RESULT_INVALID';
    const { costMicros } = run;
    await failPaid(ctx, run, code, problems[0]?.message ?? '', { costMicros }, problems);
    return;
  }
  const completed = await persist.execute(() =>
    moveTogether(ctx, run, {
      to: 'COMPLETED',
      set: { outputProblems: problems, pictures: images.length },
      images: images.map(({ index, image }) => ({ index, imageId: image.id })),
    }),
  );
  if (!completed) await restate(ctx, run);
}

function logProblems(
  { log }: Worker,
  { id: generationId }: GenerationRow,
  problems: readonly StoredOutputProblem[],
): void {
  for (const { index, code, message } of problems.slice(0, mostLogged))
    log.warn({ generationId, index, code, message }, 'an output is no picture, or not a whole one');
  const count = problems.length - mostLogged;
  if (count > 0) log.warn({ generationId, count }, 'more outputs are no pictures, or not whole ones');
}
