import { nilId } from '../../platform/db/nil-id.ts';
import { findMissing, type Naming } from './find-missing.ts';
import { addMissing, goOn, type Sweeper, type SweepState } from './sweep-state.ts';

const pageSize = 1_000;

/** Sweeps the next runs: finds those whose kept outputs are missing, and marks their reference pictures. */
export async function sweepRuns(ctx: Sweeper, state: SweepState): Promise<SweepState> {
  const { db } = ctx;
  const runs = await db.$queryRaw<(Omit<Naming, 'sha256'> & { hashes: string[] })[]>`
    SELECT g.id::text AS id, g.project_id::text AS "projectId", jsonb_path_query_array(
      CASE g.status WHEN 'STORING' THEN coalesce(g.outputs, '[]') ELSE '[]' END || g.output_problems, '$[*].sha256') AS hashes
    FROM generations g WHERE g.id > ${state.after ?? nilId}::uuid
    ORDER BY g.id LIMIT ${pageSize}`;
  if (!state.areOldRunsRead) await markPictures(ctx, state.after ?? nilId, runs.at(-1)?.id ?? nilId);
  const rows = runs.flatMap(({ hashes, ...run }) => hashes.map((sha256) => ({ ...run, sha256 })));
  const missing = await findMissing(ctx, rows, async (ids) => {
    const found = await db.generation.findMany({ where: { id: { in: [...ids] } }, select: { id: true } });
    return found.map(({ id }) => id);
  });
  const isLast = runs.length < pageSize;
  const found = addMissing(
    { ...state, areOldRunsRead: state.areOldRunsRead || isLast },
    'Generation',
    missing,
  );
  return goOn(found, isLast ? null : (runs.at(-1)?.id ?? null));
}

/**
 * Marks the reference pictures of old runs, which were not marked by the runs themselves: of the runs after `after`, up
 * to `last`. Each row is a transaction of its own. A transaction that locks only one row cannot cause a deadlock with
 * runs that mark several rows.
 */
async function markPictures({ db, signal }: Sweeper, after: string, last: string): Promise<void> {
  const images = await db.$queryRaw<{ id: string }[]>`
    SELECT i.id::text AS id FROM images i WHERE i.is_of_run IS NULL AND i.id = ANY(ARRAY(
      SELECT DISTINCT (r->>'imageId')::uuid FROM generations g, jsonb_array_elements(g."references") r
      WHERE g.id > ${after}::uuid AND g.id <= ${last}::uuid AND r->>'imageId' IS NOT NULL))
    ORDER BY i.id`;
  for (const { id } of images) {
    signal?.throwIfAborted();
    await db.$executeRaw`UPDATE images SET is_of_run = true WHERE id = ${id}::uuid AND is_of_run IS NULL`;
  }
}
