import type { Uses } from '../../platform/context.ts';
import { urlLifetimeMs } from '../images/image.queries.ts';
import { signOutputUrl } from '../images/output-url.ts';
import type { StoredOutputProblem } from './output-problem.ts';
import { type GenerationRow, readOutputProblems } from './progress.ts';

/** A problem as clients see it: with an address of the bytes, when they were kept. */
export interface OutputProblemRow extends StoredOutputProblem {
  readonly url: string | null;
}

/** The problems of a run's outputs. */
export function listOutputProblems(
  ctx: Uses<'imageSecret' | 'publicUrl' | 'clock'>,
  run: Pick<GenerationRow, 'id' | 'outputProblems'>,
): OutputProblemRow[] {
  return readOutputProblems(run).map((problem) => ({
    ...problem,
    url: problem.sha256 == null ? null : addressOf(ctx, run.id, problem.index),
  }));
}

function addressOf(
  { imageSecret, publicUrl, clock }: Uses<'imageSecret' | 'publicUrl' | 'clock'>,
  generationId: string,
  index: number,
): string {
  return signOutputUrl(imageSecret, {
    publicUrl,
    generationId,
    index,
    now: clock.now(),
    lifetimeMs: urlLifetimeMs,
  });
}
