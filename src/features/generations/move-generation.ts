import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import type { Prisma } from '../../platform/db/generated/client.ts';
import { storableJson } from '../../platform/db/storable.ts';
import { type ProjectEventName, recordEvent } from '../access/record-event.ts';
import type { ColumnOf } from './columns/columns.ts';
import { readRow, writeColumns } from './columns/statement.ts';
import { freesSlot, type GenerationStatus, isFinal, statusesBefore } from './generation-state.ts';
import { type GenerationRow, writeProgress } from './progress.ts';
import { admitGenerations } from './queue/slots.ts';

/** The database's time at the moment of the move. */
export const atMove = 'now';

/** What a move writes besides the status and the moment of the end. A moment is given, or `atMove`. */
export type Changes = {
  readonly [Name in Exclude<ColumnOf<'PROGRESS' | 'INTERNAL'>, 'status' | 'finishedAt'>]?: Change<
    GenerationRow[Name]
  >;
};

type Change<Value> = Prisma.JsonValue extends Value
  ? readonly object[]
  : Date extends Value
    ? Value | typeof atMove
    : Value;

export interface Move {
  readonly to: GenerationStatus;
  /** The move only happens from one of these statuses. Left out: from each status that the state machine allows. */
  readonly from?: readonly GenerationStatus[];
  /** The move only happens while this attempt holds the run. */
  readonly token?: string;
  /** The move also happens while no attempt holds the run, as after a review of the database. */
  readonly orUnheld?: boolean;
  /** The move does not happen once the run's cancellation was requested. */
  readonly unlessCanceled?: boolean;
  readonly set?: Changes;
  /** Other work in the same transaction. It runs before the event gets its number. */
  readonly also?: (tx: Transaction, row: GenerationRow) => Promise<void>;
  readonly event?: ProjectEventName;
}

/**
 * The only writer of a run's status, together with `moveTogether`: a compare-and-set on the row, and its event, in one
 * transaction. The database books the money that follows from the new row. A run that has ended at the provider gives
 * its slot to the next run. Resolves to the run after the move. Resolves to null when the run was in another status
 * than the move starts from: another writer was first, which is no error.
 */
export async function moveGeneration(
  ctx: Uses<'db' | 'jobs'>,
  id: string,
  move: Move,
): Promise<GenerationRow | null> {
  return ctx.db.$transaction((tx) => moveGenerationIn(ctx, tx, id, move));
}

/** The same in the caller's transaction. */
export async function moveGenerationIn(
  ctx: Uses<'jobs'>,
  tx: Transaction,
  id: string,
  move: Move,
): Promise<GenerationRow | null> {
  const asked = storableJson(askFor(id, move));
  const [moved] = await tx.$queryRaw<object[]>`SELECT * FROM move_generation(${asked}::jsonb)`;
  if (!moved) return null;
  const row = readRow(moved);
  await move.also?.(tx, row);
  if (freesSlot(move.to)) await admitGenerations(ctx, tx, row.projectId, 1);
  await recordEvent(tx, {
    projectId: row.projectId,
    kind: move.event ?? 'GENERATION_CHANGED',
    generationId: id,
    characterId: row.characterId,
    progress: writeProgress(row),
  });
  return row;
}

/**
 * A move in the form that the function `move_generation` reads. It is sent as `storableJson`, because a run would never
 * end if the database refused a text in its move.
 */
export function askFor(id: string, move: Omit<Move, 'also'>) {
  const { to, from = statusesBefore(to), token, orUnheld = false } = move;
  const { unlessCanceled = false, event = 'GENERATION_CHANGED' } = move;
  const set = { ...move.set, status: to, ...(isFinal(to) ? { finishedAt: atMove } : {}) };
  return { id, from, token, orUnheld, unlessCanceled, event, set: writeColumns(set) };
}
