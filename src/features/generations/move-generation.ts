import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { storableJson } from '../../platform/db/storable.ts';
import { type ProjectEventName, recordEvent } from '../access/record-event.ts';
import { type GenerationStatus, isFinal, keepsSlot, statusesBefore } from './generation-state.ts';
import { type GenerationRow, readRow, writeProgress } from './progress.ts';
import { admitGenerations } from './queue/slots.ts';

/** The database's time at the moment of the move. */
export const atMove = 'now';

/** What a move writes besides the status, by the table's column names. */
export interface Changes {
  readonly attempt_token?: string | null;
  readonly attempted_at?: typeof atMove;
  readonly is_attempt_over?: boolean;
  readonly wakeup_id?: string;
  readonly provider_account?: string | null;
  readonly provider_request_id?: string;
  readonly is_slow?: boolean;
  readonly cancel_requested_at?: typeof atMove;
  /** Or the moment as ISO text, where it is found out later. */
  readonly submitted_at?: string;
  readonly started_at?: typeof atMove;
  readonly inference_seconds?: number | null;
  readonly cost_micros?: string | null;
  readonly cost_source?: string | null;
  readonly failure_code?: string | null;
  readonly failure_message?: string | null;
  readonly failure_retryable?: boolean | null;
  readonly outputs?: readonly object[];
  readonly pictures?: number;
  readonly output_problems?: readonly object[];
}

export interface Move {
  readonly to: GenerationStatus;
  /** The move only happens from one of these. Left out: from wherever the state machine allows. */
  readonly from?: readonly GenerationStatus[];
  /** The move only happens while this attempt holds the run. */
  readonly token?: string;
  /** The move also happens while no attempt holds the run, as after a review of the database. */
  readonly orUnheld?: boolean;
  /** The move does not happen once somebody has asked to cancel. */
  readonly unlessCanceled?: boolean;
  readonly set?: Changes;
  /** What else belongs to the same transaction; runs before the event is numbered. */
  readonly also?: (tx: Transaction, row: GenerationRow) => Promise<void>;
  readonly event?: ProjectEventName;
}

/**
 * The only writer of a run's status, here and in `moveTogether`: a compare-and-set on the row, and its event, in one
 * transaction. The database books what the row then says about money. A run that the provider is done with gives its slot
 * to the next one. Resolves to the run after the move, or null when it was not where the move starts: somebody else was
 * first, and that is not an error.
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
  if (!keepsSlot(move.to)) await admitGenerations(ctx, tx, row.projectId, 1);
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
 * A move as the database reads it: see `move_generation`. It is sent as `storableJson`, because a run whose move is refused
 * for a text in it would never end.
 */
export function askFor(id: string, move: Omit<Move, 'also'>) {
  const { to, from = statusesBefore(to), token, orUnheld = false } = move;
  const { unlessCanceled = false, event = 'GENERATION_CHANGED' } = move;
  const set = { ...move.set, status: to, ...(isFinal(to) ? { finished_at: atMove } : {}) };
  return { id, from, token, orUnheld, unlessCanceled, event, set };
}
