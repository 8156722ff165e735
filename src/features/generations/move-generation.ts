import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { Prisma } from '../../platform/db/generated/client.ts';
import { type ProjectEventName, recordEvent } from '../../platform/events/record-event.ts';
import { type GenerationStatus, isFinal, keepsSlot, statusesBefore } from './generation-state.ts';
import { type GenerationRow, progressOf, readRow, writeProgress } from './progress.ts';
import { admitGeneration } from './slots.ts';

/** The database's time at the moment of the move. */
export const atMove = 'now';

/** What a move writes besides the status, by the table's column names. */
export interface Changes {
  readonly attempt_token?: string | null;
  readonly attempted_at?: typeof atMove;
  readonly is_attempt_over?: boolean;
  readonly wakeup_id?: string;
  readonly provider_account?: string;
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
  /** The move does not happen once somebody has asked to cancel. */
  readonly unlessCanceled?: boolean;
  readonly set?: Changes;
  /** What else belongs to the same transaction; runs before the event is numbered. */
  readonly also?: (tx: Transaction, row: GenerationRow) => Promise<void>;
  readonly event?: ProjectEventName;
}

/**
 * The only writer of a run's status: a compare-and-set on the row, and its event, in one transaction. The database books
 * what the row then says about money. A run that the provider is done with gives its slot to the next one. Resolves to
 * the run after the move, or null when it was not where the move starts: somebody else was first, and that is not
 * an error.
 */
export async function moveGeneration(
  ctx: Uses<'db' | 'jobs'>,
  id: string,
  move: Move,
): Promise<GenerationRow | null> {
  if (move.also || !keepsSlot(move.to)) {
    return ctx.db.$transaction((tx) => moveGenerationIn(ctx, tx, id, move));
  }
  // Nothing else belongs to it, so one statement is the whole transaction, and holds the project for no round trip.
  const event = Prisma.sql`record_project_event(m.project_id, ${kindOf(move)}, m.id, m.character_id, NULL, NULL, ${progressOf('m')})`;
  const [row] = await ctx.db.$queryRaw<object[]>`
    WITH m AS (${update(id, move)}), e AS MATERIALIZED (SELECT ${event} FROM m) SELECT m.* FROM m, e`;
  return row ? readRow(row) : null;
}

/** The same in the caller's transaction. */
export async function moveGenerationIn(
  ctx: Uses<'jobs'>,
  tx: Transaction,
  id: string,
  move: Move,
): Promise<GenerationRow | null> {
  const [moved] = await tx.$queryRaw<object[]>`${update(id, move)}`;
  if (!moved) return null;
  const row = readRow(moved);
  await move.also?.(tx, row);
  if (!keepsSlot(move.to)) await admitGeneration(ctx, tx, row.projectId);
  await recordEvent(tx, {
    projectId: row.projectId,
    kind: kindOf(move),
    generationId: id,
    characterId: row.characterId,
    progress: writeProgress(row),
  });
  return row;
}

function kindOf({ event = 'GENERATION_CHANGED' }: Move): ProjectEventName {
  return event;
}

/** The compare-and-set. Columns are overlaid with the JSON's members, so one statement serves every move. */
function update(id: string, move: Move): Prisma.Sql {
  const { to, from = statusesBefore(to), token = null, unlessCanceled = false, set = {} } = move;
  const changes = JSON.stringify({
    ...set,
    status: to,
    ...(isFinal(to) ? { finished_at: atMove } : {}),
  });
  return Prisma.sql`
    UPDATE generations g SET (
      status, attempt_token, attempted_at, is_attempt_over, wakeup_id, provider_account, provider_request_id, is_slow, cancel_requested_at,
      submitted_at, started_at, finished_at, inference_seconds, cost_micros, cost_source,
      failure_code, failure_message, failure_retryable, outputs, output_problems, pictures
    ) = (
      SELECT p.status, p.attempt_token, p.attempted_at, p.is_attempt_over, p.wakeup_id, p.provider_account, p.provider_request_id, p.is_slow,
        p.cancel_requested_at, p.submitted_at, p.started_at, p.finished_at, p.inference_seconds, p.cost_micros,
        p.cost_source, p.failure_code, p.failure_message, p.failure_retryable, p.outputs, p.output_problems,
        p.pictures
      FROM jsonb_populate_record(g, ${changes}::jsonb) p
    )
    WHERE g.id = ${id}::uuid
      AND g.status::text = ANY(${[...from]}::text[])
      AND (${token}::uuid IS NULL OR g.attempt_token = ${token}::uuid)
      AND (NOT ${unlessCanceled} OR g.cancel_requested_at IS NULL)
    RETURNING g.*`;
}
