import { z } from 'zod';
import type { Generation as GenerationRow } from '../../platform/db/generated/client.ts';
import { progressJson } from './columns/columns.ts';
import { type StoredOutputProblem, storedOutputProblem } from './output-problem.ts';

export type { GenerationRow };

/** The part of a run that changes, as events keep it. */
type ProgressJson = z.input<typeof progressJson>;

/** A run's present progress, as JSON for an event. The database function `generation_progress` writes the same. */
export function writeProgress(row: GenerationRow): ProgressJson {
  return z.encode(progressJson, row);
}

/** The progress of a new run. The database sets its status. */
export const untouched: ProgressJson = z.encode(progressJson, progressJson.parse({ status: 'QUEUED' }));

/**
 * The run as it was at an event: constant columns come from the row, the others from the event. Events do not keep the
 * slot or the reason of a wait, so the result has a slot and does not wait.
 */
export function readProgress(row: GenerationRow, json: unknown): GenerationRow {
  return { ...row, ...progressJson.parse(json), holdsSlot: true, waitingFor: null, waitingSince: null };
}

const outputProblems = z.array(storedOutputProblem);

/** The problems of single outputs that a run's row has. */
export function readOutputProblems(row: Pick<GenerationRow, 'outputProblems'>): StoredOutputProblem[] {
  return outputProblems.parse(row.outputProblems);
}
