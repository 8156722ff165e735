import {
  ReferenceImageKind,
  type ReferenceImage as ReferenceImageRow,
} from '../../platform/db/generated/client.ts';
import { choice, moment, optional, text } from '../../platform/reads/column.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

/** `reference_images`, column by column. */
export const referenceImageView = view<ReferenceImageRow>('reference_images', {
  id: text,
  characterId: text,
  imageId: text,
  kind: choice(ReferenceImageKind),
  label: optional(text),
  createdAt: moment,
});

export const referenceImagesOfCharacter = newest(
  referenceImageView,
  'characterId',
  'createdAt',
  ({ kind }: { readonly kind?: ReferenceImageKind | null }) =>
    kind == null ? [] : [{ sql: (place) => `t."kind" = ${place}::"ReferenceImageKind"`, value: kind }],
);
