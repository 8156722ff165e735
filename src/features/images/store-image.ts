import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { type Image as ImageRow, Prisma } from '../../platform/db/generated/client.ts';
import type { Picture } from '../../platform/pictures/clean-picture.ts';
import { putBlob } from '../../platform/storage/put-blob.ts';

export type { ImageRow };

const imageColumns = Prisma.sql`i.id::text AS id, i.project_id::text AS "projectId", i.sha256, i.content_type AS "contentType",
  i.size_bytes AS "sizeBytes", i.width, i.height, i.created_at AS "createdAt", i.uploaded_at AS "uploadedAt", i.is_of_run AS "isOfRun"`;

/**
 * Stores a picture: its bytes once in storage, its facts once in the project. The bytes are written first, so that each
 * row has its bytes. When the picture is new, `also` runs in the same transaction. Uploads pass `also`. A picture that
 * is stored without it belongs to a run, and is never swept as an unused upload. Throws StorageUnavailable.
 */
export async function storeImage(
  ctx: Uses<'db' | 'storage'>,
  projectId: string,
  { bytes, facts }: Picture,
  also?: (tx: Transaction, image: ImageRow) => Promise<void>,
): Promise<ImageRow> {
  const { contentType, width, height, sizeBytes } = facts;
  const sha256 = await putBlob(ctx.storage, projectId, bytes);
  const isOfRun = also === undefined;
  // Two requests can bring the same picture at once: because of the unique index both get the same row. A picture that
  // comes again counts as new, also while the sweep is about to remove it.
  const write = async (db: Pick<Transaction, '$queryRaw'>) => {
    const [written] = await db.$queryRaw<(ImageRow & { isNew: boolean })[]>`
      INSERT INTO images AS i (id, project_id, sha256, content_type, size_bytes, width, height, is_of_run)
      VALUES (uuid_of_moment(clock_timestamp()), ${projectId}::uuid, ${sha256}, ${contentType}, ${sizeBytes}, ${width}, ${height}, ${isOfRun})
      ON CONFLICT (project_id, sha256) DO UPDATE SET uploaded_at = now(), is_of_run = excluded.is_of_run OR i.is_of_run
      RETURNING ${imageColumns}, xmax = 0 AS "isNew"`;
    if (!written) throw new Error('The picture was written.');
    const { isNew, ...image } = written;
    return { isNew, image };
  };
  // A single statement is its own transaction.
  if (!also) return (await write(ctx.db)).image;
  return ctx.db.$transaction(async (tx) => {
    const { isNew, image } = await write(tx);
    if (isNew) await also(tx, image);
    return image;
  });
}
