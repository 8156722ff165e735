import type { TaskContext } from '../../platform/context.ts';
import { blobKey } from '../../platform/storage/blob-key.ts';

const batchSize = 200;

/**
 * Version 0.1 kept one copy of a picture for all projects. Copies each to the projects that have it, then removes
 * what was shared: once for an installation, at its first start. Starting twice, or again after a crash, is no error.
 */
export async function adoptBlobs(
  { db, storage, log }: Pick<TaskContext, 'db' | 'storage' | 'log'>,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  if (!(await storage.has('blobs'))) return;
  for (let after: string | undefined; ; ) {
    signal.throwIfAborted();
    const images = await db.image.findMany({
      where: after === undefined ? {} : { id: { gt: after } },
      orderBy: { id: 'asc' },
      select: { id: true, projectId: true, sha256: true },
      take: batchSize,
    });
    for (const { projectId, sha256 } of images) {
      const bytes = await storage.get(`blobs/${sha256.slice(0, 2)}/${sha256}`);
      if (bytes) await storage.put(blobKey(projectId, sha256), bytes);
    }
    after = images.at(-1)?.id;
    if (images.length < batchSize) break;
  }
  // The originals last: as long as they are there, a start that was interrupted is made up for by the next.
  await storage.deleteAll('variants');
  await storage.deleteAll('blobs');
  log.info('pictures of an older version were sorted by project');
}
