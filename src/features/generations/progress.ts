import { z } from 'zod';
import type { Generation as GenerationRow } from '../../platform/db/generated/client.ts';
import { progressJson } from './columns/columns.ts';
import { type StoredOutputProblem, storedOutputProblem } from './output-problem.ts';

export type { GenerationRow };

/** The part of a run that changes, as events keep it. */
type ProgressJson = z.input<typeof progressJson>;

/** A run's present progress, as JSON for an event. The database writes the same: `generation_progress`. */
export function writeProgress(row: GenerationRow): ProgressJson {
  return z.encode(progressJson, row);
}

/** The progress of a run that was just asked for. Its status is what the database makes of it. */
export const untouched: ProgressJson = z.encode(progressJson, progressJson.parse({ status: 'QUEUED' }));

/**
 * The run as it stood at an event: what never changes from the row, the rest from the event. After a move it waits for
 * nothing that the event could tell; whether it had a slot is not kept.
 */
export function readProgress(row: GenerationRow, json: unknown): GenerationRow {
  return { ...row, ...progressJson.parse(json), holdsSlot: true, waitingFor: null, waitingSince: null };
}

const outputProblems = z.array(storedOutputProblem);

/** The problems with single outputs that a run kept. */
export function readOutputProblems(row: Pick<GenerationRow, 'outputProblems'>): StoredOutputProblem[] {
  return outputProblems.parse(row.outputProblems);
}
