import type { ReferenceImageKind } from '../../platform/db/generated/client.ts';
import { tables } from '../../platform/reads/generated/tables.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

export const referenceImageView = view(tables.ReferenceImage);

export const referenceImagesOfCharacter = newest(
  referenceImageView,
  'characterId',
  'createdAt',
  ({ kind }: { readonly kind?: ReferenceImageKind | null }) =>
    kind == null ? [] : [{ sql: (place) => `t."kind" = ${place}::"ReferenceImageKind"`, value: kind }],
);
