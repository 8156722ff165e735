import type { Uses } from '../../platform/context.ts';
import { rowsStatement } from '../../platform/reads/list.ts';
import { imageView } from './image.view.ts';
import type { ImageRow } from './store-image.ts';

const columns = [...imageView.columns.values()].map(({ sql }) => sql);

/**
 * The picture that a signed address names; null when it was removed. Each request asks the database, also when the
 * client has the picture. Requests that come together share one statement, which begins after they came.
 */
export async function findServedImage({ reader }: Uses<'reader'>, id: string): Promise<ImageRow | null> {
  const row = await reader.readOne('served images', id, (ids) => rowsStatement(imageView, columns, ids));
  // The statement selects the id first, and then all columns.
  return row && imageView.parse(row.slice(1));
}
