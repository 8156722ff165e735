import type { ReferenceImageKind } from '../../platform/db/generated/client.ts';
import { text } from '../../platform/reads/column.ts';
import { tables } from '../../platform/reads/generated/tables.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

export const referenceImageView = view(tables.ReferenceImage);

/** The same with the project, which is that of the character. */
export const ownedReferenceImageView = view({
  name: tables.ReferenceImage.name,
  columns: {
    ...tables.ReferenceImage.columns,
    projectId: {
      ...text,
      name: 'project_id',
      sql: '(SELECT p."project_id" FROM "characters" p WHERE p."id" = t."character_id")',
    },
  },
});

export const referenceImagesOfCharacter = newest(
  referenceImageView,
  'characterId',
  'createdAt',
  ({ kind }: { readonly kind?: ReferenceImageKind | null }) =>
    kind == null ? [] : [{ sql: (place) => `t."kind" = ${place}::"ReferenceImageKind"`, value: kind }],
);
