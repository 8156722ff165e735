import type { GeneratedImage as GeneratedImageRow } from '../../platform/db/generated/client.ts';
import { tables } from '../../platform/reads/generated/tables.ts';
import type { List } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

export const generatedImageView = view(tables.GeneratedImage);

/** A run that has not ended has none yet. */
export const imagesOfGeneration: List<GeneratedImageRow> = {
  view: generatedImageView,
  of: 'generationId',
  by: 'index',
  direction: 'ASC',
  onlyOf: { column: 'status', value: 'COMPLETED' },
};
