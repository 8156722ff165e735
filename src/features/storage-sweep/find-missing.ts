import { StorageUnavailable } from '../../errors.ts';
import { forEachOf } from '../../platform/for-each-of.ts';
import { blobKey } from '../../platform/storage/blob-key.ts';
import type { Sweeper } from './sweep-state.ts';

/** Files that are looked for at a time. */
const atOnce = 8;

/** A row, and the file that it names. */
export interface Naming {
  readonly id: string;
  readonly projectId: string;
  readonly sha256: string;
}

/**
 * The ids of rows whose file is not there. Whether they still are is asked afterwards, because the row may have gone with
 * its file. Throws StorageUnavailable while nothing can be said, since a file that cannot be reached is not missing.
 */
export async function findMissing(
  ctx: Sweeper,
  rows: readonly Naming[],
  areThere: (ids: readonly string[]) => Promise<string[]>,
): Promise<string[]> {
  const missing = new Set<string>();
  await forEachOf(rows, atOnce, async ({ id, projectId, sha256 }) => {
    ctx.signal?.throwIfAborted();
    if (!(await isThere(ctx, blobKey(projectId, sha256)))) missing.add(id);
  });
  if (missing.size === 0) return [];
  if (!(await ctx.storage.isWhole())) throw new StorageUnavailable();
  return areThere([...missing]);
}

async function isThere({ storage }: Sweeper, key: string): Promise<boolean> {
  return storage.has(key).catch((error: unknown) => {
    // All else works: it is this file that cannot be reached.
    if (error instanceof StorageUnavailable && storage.health.problem === null) return false;
    throw error;
  });
}
