import { Prisma } from '../../platform/db/generated/client.ts';
import { nilId } from '../../platform/db/nil-id.ts';
import { postgresCode } from '../../platform/db/refusal.ts';
import { findMissing } from './find-missing.ts';
import { type Ages, addMissing, goOn, type Sweeper, type SweepState } from './sweep-state.ts';

const pageSize = 500;
/** Postgres' codes when a foreign key refuses the removal of a row: of newer versions, and of older ones. */
const usedCodes = ['23001', '23503'];

interface Row {
  readonly id: string;
  readonly projectId: string;
  readonly sha256: string;
  /** Whether nothing uses it, and it is old enough. */
  readonly isLoose: boolean;
}

/** Sweeps the next rows of pictures: removes uploads that nothing uses, and finds pictures whose file is missing. */
export async function sweepImages(ctx: Sweeper, state: SweepState, ages: Ages): Promise<SweepState> {
  const rows = await ctx.db.$queryRaw<Row[]>`
    SELECT i.id::text AS id, i.project_id::text AS "projectId", i.sha256, ${isLoose(state, ages)} AS "isLoose"
    FROM images i WHERE i.id > ${state.after ?? nilId}::uuid
    ORDER BY i.id LIMIT ${pageSize}`;
  const removed = new Set<string>();
  for (const { id, isLoose: isUnused } of rows) {
    ctx.signal?.throwIfAborted();
    if (isUnused && (await removeUpload(ctx, id, isLoose(state, ages)))) removed.add(id);
  }
  const kept = rows.filter(({ id }) => !removed.has(id));
  const missing = await findMissing(ctx, kept, async (ids) => {
    const found = await ctx.db.image.findMany({ where: { id: { in: [...ids] } }, select: { id: true } });
    return found.map(({ id }) => id);
  });
  const found = addMissing(
    { ...state, removedUploads: state.removedUploads + removed.size },
    'Image',
    missing,
  );
  return goOn(found, rows.length < pageSize ? null : (rows.at(-1)?.id ?? null));
}

/**
 * Whether nothing uses a picture `i`, and it was uploaded long ago. A picture that is older than the column `is_of_run`
 * has null in it, and counts as used by a run until all old runs were read.
 */
function isLoose({ areOldRunsRead }: SweepState, { uploadsMs }: Ages): Prisma.Sql {
  return Prisma.sql`(NOT coalesce(i.is_of_run, ${!areOldRunsRead})
    AND coalesce(i.uploaded_at, i.created_at) < now() - ${uploadsMs}::float8 * interval '1 millisecond'
    AND NOT EXISTS (SELECT 1 FROM reference_images r WHERE r.image_id = i.id)
    AND NOT EXISTS (SELECT 1 FROM generated_images o WHERE o.image_id = i.id))`;
}

/**
 * Removes the row of an upload, unless it is used by now: a foreign key, or the mark that a run sets in its own
 * transaction, decides. Afterwards its files are files without a row.
 */
async function removeUpload({ db }: Sweeper, id: string, unused: Prisma.Sql): Promise<boolean> {
  try {
    return (await db.$executeRaw`DELETE FROM images i WHERE i.id = ${id}::uuid AND ${unused}`) > 0;
  } catch (error) {
    if (usedCodes.includes(postgresCode(error) ?? '')) return false;
    throw error;
  }
}
