import type { Uses } from '../../platform/context.ts';
import { arrayText } from '../../platform/reads/condition.ts';
import type { ImageRow } from './store-image.ts';

/** What serving a picture needs of its row. */
export type ServedImage = Pick<
  ImageRow,
  'id' | 'projectId' | 'sha256' | 'contentType' | 'sizeBytes' | 'width'
>;

const statement = `SELECT id, project_id, sha256, content_type, size_bytes, width FROM images WHERE id = ANY($1::uuid[])`;

/**
 * The picture that a signed address names; null when it was removed. Each request asks the database, also when the
 * client has the picture. Requests that come together share one statement, which begins after they came.
 */
export async function findServedImage({ reader }: Uses<'reader'>, id: string): Promise<ServedImage | null> {
  const row = await reader.readOne('served images', id, (ids) => ({
    text: statement,
    values: [arrayText(ids)],
  }));
  if (!row) return null;
  const [, projectId, sha256, contentType, sizeBytes, width] = row;
  if (!projectId || !sha256 || !contentType)
    throw new Error('A picture without a project, a hash or a type.');
  return { id, projectId, sha256, contentType, sizeBytes: Number(sizeBytes), width: Number(width) };
}
