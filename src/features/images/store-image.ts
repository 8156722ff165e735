import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import type { Image as ImageRow } from '../../platform/db/generated/client.ts';
import type { Picture } from '../../platform/pictures/clean-picture.ts';
import { putBlob } from '../../platform/storage/put-blob.ts';

export type { ImageRow };

/**
 * Keeps a picture: its bytes once in storage, its facts once in the project. The bytes are written first, so that
 * a row never points at nothing. `also` belongs to the same transaction, when the picture is new. Throws StorageUnavailable.
 */
export async function storeImage(
  ctx: Uses<'db' | 'storage'>,
  projectId: string,
  { bytes, facts }: Picture,
  also?: (tx: Transaction, image: ImageRow) => Promise<void>,
): Promise<ImageRow> {
  const { contentType, width, height, sizeBytes } = facts;
  const sha256 = await putBlob(ctx.storage, projectId, bytes);
  // Two requests can bring the same picture at once: the unique index decides, and both get the one row.
  return ctx.db.$transaction(async (tx) => {
    const { count } = await tx.image.createMany({
      data: [{ projectId, sha256, contentType, sizeBytes, width, height }],
      skipDuplicates: true,
    });
    const image = await tx.image.findUniqueOrThrow({ where: { projectId_sha256: { projectId, sha256 } } });
    if (count > 0) await also?.(tx, image);
    return image;
  });
}
