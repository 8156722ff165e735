import type { GeneratedImage as GeneratedImageRow } from '../../platform/db/generated/client.ts';
import { tables } from '../../platform/reads/generated/tables.ts';
import type { List } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

export const generatedImageView = view(tables.GeneratedImage);

/** The pictures of a run. Only a COMPLETED run has pictures. */
export const imagesOfGeneration: List<GeneratedImageRow> = {
  view: generatedImageView,
  of: 'generationId',
  by: 'index',
  direction: 'ASC',
  onlyOf: { column: 'status', value: 'COMPLETED' },
};
