import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { storableJson } from '../../platform/db/storable.ts';
import { type PriceLesson, recordPrices } from '../prices/record-price.ts';
import { readRow } from './columns/statement.ts';
import { freesSlot } from './generation-state.ts';
import { askFor, type Move } from './move-generation.ts';
import type { GenerationRow } from './progress.ts';
import { admitGenerations } from './queue/slots.ts';
import { type NewWakeup, sendWakeups } from './queue/wakeup.ts';

/** A move and the rows that are written with it, as data, so that one statement can write those of many moves. */
export interface SharedMove extends Omit<Move, 'also'> {
  /** The run's pictures. */
  readonly images?: readonly { readonly index: number; readonly imageId: string }[];
  /** The price and time that the run showed. */
  readonly lesson?: PriceLesson;
  /** The run's next wake-up. */
  readonly wakeup?: Omit<NewWakeup, 'generationId'>;
  readonly provided?: Condition;
}

/** A condition on a project that is checked under its lock. When it fails, no run with the same condition is moved. */
export interface Condition {
  /** Conditions with equal names are equal. */
  readonly name: string;
  /** Gets the ids of the runs that were moved. Its error is the result of all these moves. */
  check(tx: Transaction, moved: readonly string[]): Promise<void>;
}

interface Wanted {
  readonly id: string;
  readonly move: SharedMove;
}

/**
 * `moveGeneration` for thousands of runs under way: all moves of a project that come while one waits for its lock are
 * written in one transaction, in their order. Each has its own compare-and-set and its own event. A move that the
 * database does not make leaves the others as they are.
 */
export async function moveTogether(
  ctx: Uses<'db' | 'jobs' | 'turns'>,
  { id, projectId }: Pick<GenerationRow, 'id' | 'projectId'>,
  move: SharedMove,
): Promise<GenerationRow | null> {
  const key = `moves ${projectId} ${move.provided?.name ?? ''}`;
  return ctx.turns.share(key, { id, move }, (all: readonly Wanted[]) =>
    // A single statement is its own transaction, so the project is not locked during a round trip.
    all.some(({ move }) => hasMore(move))
      ? ctx.db.$transaction(async (tx) => {
          const rows = await writeMoves(tx, projectId, all);
          await writeMore(
            ctx,
            tx,
            projectId,
            all.filter((_, place) => rows[place]),
          );
          return rows;
        })
      : writeMoves(ctx.db, projectId, all),
  );
}

function hasMore({ to, images, lesson, wakeup, provided }: SharedMove): boolean {
  return freesSlot(to) || [images, lesson, wakeup, provided].some((each) => each !== undefined);
}

/** The rows after their moves; null for each run that was not moved. */
async function writeMoves(
  db: Pick<Transaction, '$queryRaw'>,
  projectId: string,
  all: readonly Wanted[],
): Promise<(GenerationRow | null)[]> {
  const asked = storableJson(all.map(({ id, move }) => askFor(id, move)));
  const moved = await db.$queryRaw<{ place: number }[]>`
    SELECT place, (moved).* FROM move_generations(${projectId}::uuid, ${asked}::jsonb)`;
  const rows = new Map(moved.map(({ place, ...columns }) => [place, readRow(columns)]));
  return all.map((_, place) => rows.get(place) ?? null);
}

/** Writes the rows that belong to the moves that took place. */
async function writeMore(
  ctx: Uses<'jobs'>,
  tx: Transaction,
  projectId: string,
  moved: readonly Wanted[],
): Promise<void> {
  const [first] = moved;
  if (!first) return;
  await first.move.provided?.check(
    tx,
    moved.map(({ id }) => id),
  );
  const images = moved.flatMap(({ id, move }) =>
    (move.images ?? []).map(({ index, imageId }) => ({ generation_id: id, index, image_id: imageId })),
  );
  // One parameter, however many there are.
  if (images.length > 0)
    await tx.$executeRaw`
      INSERT INTO generated_images (id, generation_id, index, image_id)
      SELECT uuid_of_moment(now()), generation_id, index, image_id
      FROM jsonb_to_recordset(${JSON.stringify(images)}::jsonb) AS i(generation_id uuid, index int, image_id uuid)`;
  await recordPrices(
    tx,
    moved.flatMap(({ move }) => move.lesson ?? []),
  );
  const wakeups = moved.flatMap(({ id, move }) =>
    move.wakeup ? [{ ...move.wakeup, generationId: id }] : [],
  );
  if (wakeups.length > 0) await sendWakeups(ctx, tx, ...wakeups);
  const done = moved.filter(({ move }) => freesSlot(move.to)).length;
  if (done > 0) await admitGenerations(ctx, tx, projectId, done);
}
