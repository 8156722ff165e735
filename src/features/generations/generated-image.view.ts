import type { GeneratedImage as GeneratedImageRow } from '../../platform/db/generated/client.ts';
import { text } from '../../platform/reads/column.ts';
import { tables } from '../../platform/reads/generated/tables.ts';
import type { List } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

export const generatedImageView = view(tables.GeneratedImage);

/** The same with the project, which is that of the generation. */
export const ownedGeneratedImageView = view({
  name: tables.GeneratedImage.name,
  columns: {
    ...tables.GeneratedImage.columns,
    projectId: {
      ...text,
      name: 'project_id',
      sql: '(SELECT p."project_id" FROM "generations" p WHERE p."id" = t."generation_id")',
    },
  },
});

/** The pictures of a run. Only a COMPLETED run has pictures. */
export const imagesOfGeneration: List<GeneratedImageRow> = {
  view: generatedImageView,
  of: 'generationId',
  by: 'index',
  direction: 'ASC',
  onlyOf: { column: 'status', value: 'COMPLETED' },
};
