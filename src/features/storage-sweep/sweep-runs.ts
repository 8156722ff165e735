import { findMissing, type Naming } from './find-missing.ts';
import { addMissing, firstId, goOn, type Sweeper, type SweepState } from './sweep-state.ts';

const pageSize = 1_000;

/** The next runs: finds those whose kept outputs are not there. */
export async function sweepRuns(ctx: Sweeper, state: SweepState): Promise<SweepState> {
  const { db } = ctx;
  const runs = await db.$queryRaw<(Omit<Naming, 'sha256'> & { hashes: string[] })[]>`
    SELECT g.id::text AS id, g.project_id::text AS "projectId", jsonb_path_query_array(
      CASE g.status WHEN 'STORING' THEN coalesce(g.outputs, '[]') ELSE '[]' END || g.output_problems, '$[*].sha256') AS hashes
    FROM generations g WHERE g.id > ${state.after ?? firstId}::uuid
    ORDER BY g.id LIMIT ${pageSize}`;
  const rows = runs.flatMap(({ hashes, ...run }) => hashes.map((sha256) => ({ ...run, sha256 })));
  const missing = await findMissing(ctx, rows, async (ids) => {
    const found = await db.generation.findMany({ where: { id: { in: [...ids] } }, select: { id: true } });
    return found.map(({ id }) => id);
  });
  const found = addMissing(state, 'Generation', missing);
  return goOn(found, runs.length < pageSize ? null : (runs.at(-1)?.id ?? null));
}
