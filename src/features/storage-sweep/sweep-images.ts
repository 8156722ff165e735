import { Prisma } from '../../platform/db/generated/client.ts';
import { postgresCode } from '../../platform/db/refusal.ts';
import { findMissing } from './find-missing.ts';
import { type Ages, addMissing, firstId, goOn, type Sweeper, type SweepState } from './sweep-state.ts';

const pageSize = 500;
/** Of runs, of which only the pictures are read. */
const runsPageSize = 20_000;
/** A foreign key refuses to let the row go: as newer versions of Postgres say it, and as older ones do. */
const usedCodes = ['23001', '23503'];

interface Row {
  readonly id: string;
  readonly projectId: string;
  readonly sha256: string;
  /** No reference image and no run's picture. */
  readonly isLoose: boolean;
  /** Whether runs name it is not known: the row is older than the mark. */
  readonly isUnmarked: boolean;
}

/** The next rows of pictures: removes uploads that nothing uses, and finds those whose file is not there. */
export async function sweepImages(ctx: Sweeper, state: SweepState, ages: Ages): Promise<SweepState> {
  const rows = await ctx.db.$queryRaw<Row[]>`
    SELECT i.id::text AS id, i.project_id::text AS "projectId", i.sha256, ${isLoose(ages)} AS "isLoose",
      i.is_of_run IS NULL AS "isUnmarked"
    FROM images i WHERE i.id > ${state.after ?? firstId}::uuid
    ORDER BY i.id LIMIT ${pageSize}`;
  await markOldRows(
    ctx,
    rows.filter(({ isLoose, isUnmarked }) => isLoose && isUnmarked),
  );
  const removed = new Set<string>();
  for (const { id, isLoose } of rows) if (isLoose && (await removeUpload(ctx, id, ages))) removed.add(id);
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

/** What is known of a picture `i` without looking through runs. */
function isLoose({ uploadsMs }: Ages): Prisma.Sql {
  return Prisma.sql`(i.is_of_run IS NOT true
    AND coalesce(i.uploaded_at, i.created_at) < now() - ${uploadsMs}::float8 * interval '1 millisecond'
    AND NOT EXISTS (SELECT 1 FROM reference_images r WHERE r.image_id = i.id)
    AND NOT EXISTS (SELECT 1 FROM generated_images o WHERE o.image_id = i.id))`;
}

/** Finds out for rows of before the mark whether runs name them: looks through all runs of their projects, once for each. */
async function markOldRows({ db }: Sweeper, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const ids = rows.map(({ id }) => id);
  const projects = [...new Set(rows.map(({ projectId }) => projectId))];
  for (let after: string | null = firstId; after !== null; ) {
    const [page]: { last: string | null; named: string[] }[] = await db.$queryRaw`
      WITH page AS MATERIALIZED (SELECT id, project_id, "references" FROM generations WHERE id > ${after}::uuid ORDER BY id LIMIT ${runsPageSize})
      SELECT (SELECT id::text FROM page ORDER BY id DESC LIMIT 1) AS last, ARRAY(
        SELECT DISTINCT r->>'imageId' FROM page, jsonb_array_elements(page."references") r
        WHERE page.project_id = ANY (${projects}::uuid[]) AND r->>'imageId' = ANY (${ids}::text[])) AS named`;
    if (page && page.named.length > 0)
      await db.image.updateMany({ where: { id: { in: page.named } }, data: { isOfRun: true } });
    after = page?.last ?? null;
  }
}

/**
 * Removes the row of an upload, unless it came into use: a foreign key, or the mark that a run leaves in its own transaction,
 * decides. Its files then are files without a row.
 */
async function removeUpload({ db }: Sweeper, id: string, ages: Ages): Promise<boolean> {
  try {
    return (await db.$executeRaw`DELETE FROM images i WHERE i.id = ${id}::uuid AND ${isLoose(ages)}`) > 0;
  } catch (error) {
    if (usedCodes.includes(postgresCode(error) ?? '')) return false;
    throw error;
  }
}
