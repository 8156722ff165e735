import { setTimeout as sleep } from 'node:timers/promises';
import { StorageUnavailable } from '../../errors.ts';
import type { TaskContext } from '../../platform/context.ts';
import { nilId } from '../../platform/db/nil-id.ts';
import { isTransient } from '../../platform/db/transient.ts';
import { blobKey, unsortedKey, unsortedPrefix } from '../../platform/storage/blob-key.ts';

const batchSize = 200;
const retryEveryMs = 1_000;

type Tools = Pick<TaskContext, 'db' | 'storage' | 'log'>;

/** Bytes of the old layout that a project has. */
interface Claim {
  readonly id: string;
  readonly projectId: string;
  readonly sha256: string;
}

/**
 * Version 0.1 kept one copy of a picture for all projects. This copies each picture to the projects that have it, then
 * removes the shared copies: once for an installation, at its first start. Starting twice, or again after a crash, is
 * no error. The server also starts while the storage or the database does not work: then the pictures are sorted as
 * soon as both work, until `signal` aborts.
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
 * Resolves to false when the storage or the database does not work now. A project has a picture when a row of `images`
 * or an output of a run names it. A paid picture has no row while it is being stored, or when it could not be stored.
 */
async function areAdopted(ctx: Tools): Promise<boolean> {
  try {
    if (!(await ctx.storage.has(unsortedPrefix))) return true;
    await adopt(ctx, (after) => listImages(ctx, after));
    await adopt(ctx, (after) => listOutputs(ctx, after));
    // The originals are removed last: as long as they exist, the next start repeats work that was interrupted.
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

/** The outputs of the next runs, in any status; all outputs of one run come in one batch. */
function listOutputs({ db }: Tools, after: string): Promise<Claim[]> {
  const hash = '$[*].sha256 ? (@ like_regex "^[0-9a-f]{64}$")';
  return db.$queryRaw<Claim[]>`
    SELECT g.id::text AS id, g.project_id::text AS "projectId", sha256 #>> '{}' AS sha256
    FROM (SELECT * FROM generations r WHERE r.id > ${after}::uuid AND jsonb_path_exists(r.outputs, ${hash}::jsonpath)
      ORDER BY r.id LIMIT ${batchSize}) g, jsonb_path_query(g.outputs, ${hash}::jsonpath) sha256
    ORDER BY g.id`;
}
