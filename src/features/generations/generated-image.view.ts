import {
  type GeneratedImage as GeneratedImageRow,
  ImageVerdict,
} from '../../platform/db/generated/client.ts';
import { choice, integer, moment, optional, text } from '../../platform/reads/column.ts';
import type { List } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

/** `generated_images`, column by column. */
export const generatedImageView = view<GeneratedImageRow>('generated_images', {
  id: text,
  generationId: text,
  index: integer,
  imageId: text,
  verdict: optional(choice(ImageVerdict)),
  createdAt: moment,
});

/** A run that has not ended has none yet. */
export const imagesOfGeneration: List<GeneratedImageRow> = {
  view: generatedImageView,
  of: 'generationId',
  by: 'index',
  direction: 'ASC',
  onlyOf: { column: 'status', value: 'COMPLETED' },
};
