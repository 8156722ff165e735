import { projectsPrefix, readKey } from '../../platform/storage/blob-key.ts';
import { type Ages, goOn, type Sweeper, type SweepState } from './sweep-state.ts';

const pageSize = 500;

/** A key of an original or a variant, and its parts. */
interface Named {
  readonly key: string;
  readonly projectId: string;
  readonly sha256: string;
  readonly isOriginal: boolean;
}

/** Sweeps the next files: those that no row names go one step further towards their removal. */
export async function sweepFiles(ctx: Sweeper, state: SweepState, ages: Ages): Promise<SweepState> {
  const { upkeep } = ctx.storage;
  // Unfinished files are removed in the first step of the part only.
  const removedUnfinished = state.after === null ? await upkeep.removeUnfinished(ages.unfinishedMs) : 0;
  const { keys, next } = await upkeep.listKeys(projectsPrefix, state.after, {
    limit: pageSize,
    emptyAgeMs: ages.filesMs,
  });
  // A file with another name is not a picture of this storage.
  const files = keys.flatMap((key) => readKey(key) ?? []);
  const named = await findNamed(ctx, files);
  const count = { MARKED: 0, REMOVED: 0, KEPT: 0 };
  for (const { key } of files) {
    ctx.signal?.throwIfAborted();
    if (!named.has(key)) count[await upkeep.dispose(key, ages.filesMs)] += 1;
  }
  return goOn(
    {
      ...state,
      removedUnfinished: state.removedUnfinished + removedUnfinished,
      markedFiles: state.markedFiles + count.MARKED,
      removedFiles: state.removedFiles + count.REMOVED,
    },
    next,
  );
}

/**
 * The keys that a row names. A picture's row names its original and its variants. A run's row names bytes that have no
 * picture row: outputs that were refused, or that came in the answer and are being stored.
 */
async function findNamed({ db }: Sweeper, files: readonly Named[]): Promise<Set<string>> {
  const named = new Set<string>();
  const add = async (
    some: readonly Named[],
    find: (projects: string[], hashes: string[]) => Promise<{ place: number }[]>,
  ) => {
    if (some.length === 0) return;
    const found = await find(
      some.map(({ projectId }) => projectId),
      some.map(({ sha256 }) => sha256),
    );
    for (const { place } of found) named.add(some[place - 1]?.key ?? '');
  };
  await add(
    files,
    (projects, hashes) => db.$queryRaw`
      SELECT f.place::int AS place FROM unnest(${projects}::uuid[], ${hashes}::bpchar[]) WITH ORDINALITY f(project, hash, place)
      WHERE EXISTS (SELECT 1 FROM images i WHERE i.project_id = f.project AND i.sha256 = f.hash)`,
  );
  // This query uses the index of runs with kept bytes.
  await add(
    files.filter(({ key, isOriginal }) => isOriginal && !named.has(key)),
    (projects, hashes) => db.$queryRaw`
      SELECT f.place::int AS place FROM unnest(${projects}::uuid[], ${hashes}::text[]) WITH ORDINALITY f(project, hash, place)
      WHERE EXISTS (SELECT 1 FROM generations g WHERE g.project_id = f.project
        AND jsonb_path_query_array(coalesce(outputs, '[]') || output_problems, '$[*].sha256') ? f.hash
        AND jsonb_path_exists(coalesce(outputs, '[]') || output_problems, '$[*].sha256'))`,
  );
  return named;
}
