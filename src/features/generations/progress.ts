import { z } from 'zod';
import type { Generation as GenerationRow } from '../../platform/db/generated/client.ts';
import { generationStatuses } from './generation-state.ts';
import { type StoredOutputProblem, storedOutputProblem } from './output-problem.ts';

export type { GenerationRow };

const moment = z.iso
  .datetime()
  .transform((text) => new Date(text))
  .nullable();

/** The half of a run that changes, as events keep it. */
const progress = z.object({
  status: z.enum(generationStatuses),
  isSlow: z.boolean(),
  cancelRequestedAt: moment,
  submittedAt: moment,
  startedAt: moment,
  finishedAt: moment,
  providerRequestId: z.string().nullable(),
  inferenceSeconds: z.number().nullable(),
  costMicros: z.string().transform(BigInt).nullable(),
  costSource: z.string().nullable(),
  failureCode: z.string().nullable(),
  failureMessage: z.string().nullable(),
  failureRetryable: z.boolean().nullable(),
  outputProblems: z.array(storedOutputProblem),
});

/** A run's present progress, as JSON for an event. The database writes the same: `generation_progress`. */
export function writeProgress(row: GenerationRow): z.input<typeof progress> {
  const text = (moment: Date | null) => moment?.toISOString() ?? null;
  return {
    status: row.status,
    isSlow: row.isSlow,
    cancelRequestedAt: text(row.cancelRequestedAt),
    submittedAt: text(row.submittedAt),
    startedAt: text(row.startedAt),
    finishedAt: text(row.finishedAt),
    providerRequestId: row.providerRequestId,
    inferenceSeconds: row.inferenceSeconds,
    costMicros: row.costMicros?.toString() ?? null,
    costSource: row.costSource,
    failureCode: row.failureCode,
    failureMessage: row.failureMessage,
    failureRetryable: row.failureRetryable,
    outputProblems: progress.shape.outputProblems.parse(row.outputProblems),
  };
}

/** The progress of a run that was just asked for, but for its status. */
export const untouched: Omit<z.input<typeof progress>, 'status'> = {
  isSlow: false,
  cancelRequestedAt: null,
  submittedAt: null,
  startedAt: null,
  finishedAt: null,
  providerRequestId: null,
  inferenceSeconds: null,
  costMicros: null,
  costSource: null,
  failureCode: null,
  failureMessage: null,
  failureRetryable: null,
  outputProblems: [],
};

/** A row as SQL returns it, with the names that Prisma gives its columns. */
export function readRow(columns: object): GenerationRow {
  const named = Object.entries(columns).map(([column, value]) => [nameOf(column), value]);
  return Object.fromEntries(named);
}

const names = new Map<string, string>();

function nameOf(column: string): string {
  const name = names.get(column) ?? column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  names.set(column, name);
  return name;
}

/**
 * The run as it stood at an event: what never changes from the row, the rest from the event. After a move it waits for
 * nothing that the event could tell; whether it had a slot is not kept.
 */
export function readProgress(row: GenerationRow, json: unknown): GenerationRow {
  return { ...row, ...progress.parse(json), holdsSlot: true, waitingFor: null, waitingSince: null };
}

/** The problems with single outputs that a run kept. */
export function readOutputProblems(row: Pick<GenerationRow, 'outputProblems'>): StoredOutputProblem[] {
  return progress.shape.outputProblems.parse(row.outputProblems);
}
