import { setTimeout as sleep } from 'node:timers/promises';
import { StorageUnavailable } from '../../errors.ts';
import type { TaskContext } from '../../platform/context.ts';
import { nilId } from '../../platform/db/nil-id.ts';
import { isTransient } from '../../platform/db/transient.ts';
import { blobKey, unsortedKey, unsortedPrefix } from '../../platform/storage/blob-key.ts';

const batchSize = 200;
const retryEveryMs = 1_000;

type Tools = Pick<TaskContext, 'db' | 'storage' | 'log'>;

/** A project's right to bytes of the old layout. */
interface Claim {
  readonly id: string;
  readonly projectId: string;
  readonly sha256: string;
}

/**
 * Version 0.1 kept one copy of a picture for all projects. Copies each to the projects that have it, then removes
 * what was shared: once for an installation, at its first start. Starting twice, or again after a crash, is no error.
 * A storage or a database that does not work does not keep the server from starting: then the pictures are sorted as soon
 * as it works, until `signal` aborts.
 */
export async function adoptBlobs(ctx: Tools, signal: AbortSignal): Promise<void> {
  if (await areAdopted(ctx)) return;
  const retry = async () => {
    do await sleep(retryEveryMs, undefined, { signal });
    while (!(await areAdopted(ctx)));
  };
  retry().catch((error: unknown) => {
    if (!signal.aborted) ctx.log.error({ err: error }, 'pictures of an older version could not be sorted');
  });
}

/**
 * Resolves to false when the storage, or the database, does not work now. A project has a picture when there is a row of
 * it, and when an output of a run names it: a paid picture that is still being stored, or could not be, has no row.
 */
async function areAdopted(ctx: Tools): Promise<boolean> {
  try {
    if (!(await ctx.storage.has(unsortedPrefix))) return true;
    await adopt(ctx, (after) => listImages(ctx, after));
    await adopt(ctx, (after) => listOutputs(ctx, after));
    // The originals last: while they are there, the next start repeats what was interrupted.
    await ctx.storage.deleteAll('variants');
    await ctx.storage.deleteAll(unsortedPrefix);
    ctx.log.info('pictures of an older version were sorted by project');
    return true;
  } catch (error) {
    if (error instanceof StorageUnavailable || isTransient(error)) return false;
    throw error;
  }
}

async function adopt({ storage }: Tools, list: (after: string) => Promise<Claim[]>): Promise<void> {
  for (let after: string = nilId; ; ) {
    const claims = await list(after);
    for (const { projectId, sha256 } of claims) {
      const bytes = await storage.get(unsortedKey(sha256));
      if (bytes) await storage.put(blobKey(projectId, sha256), bytes);
    }
    const last = claims.at(-1);
    if (!last) return;
    after = last.id;
  }
}

function listImages({ db }: Tools, after: string): Promise<Claim[]> {
  return db.image.findMany({
    where: { id: { gt: after } },
    orderBy: { id: 'asc' },
    select: { id: true, projectId: true, sha256: true },
    take: batchSize,
  });
}

/** The outputs of the next runs, whatever became of the runs; all outputs of one run together. */
function listOutputs({ db }: Tools, after: string): Promise<Claim[]> {
  const hash = '$[*].sha256 ? (@ like_regex "^[0-9a-f]{64}$")';
  return db.$queryRaw<Claim[]>`
    SELECT g.id::text AS id, g.project_id::text AS "projectId", sha256 #>> '{}' AS sha256
    FROM (SELECT * FROM generations r WHERE r.id > ${after}::uuid AND jsonb_path_exists(r.outputs, ${hash}::jsonpath)
      ORDER BY r.id LIMIT ${batchSize}) g, jsonb_path_query(g.outputs, ${hash}::jsonpath) sha256
    ORDER BY g.id`;
}
