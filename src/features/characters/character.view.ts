import type { Character as CharacterRow } from '../../platform/db/generated/client.ts';
import { moment, optional, text, texts } from '../../platform/reads/column.ts';
import { newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';

/** `characters`, column by column. */
export const characterView = view<CharacterRow>('characters', {
  id: text,
  projectId: text,
  name: text,
  description: optional(text),
  appearance: optional(text),
  negativePrompt: optional(text),
  tags: texts,
  createdAt: moment,
  updatedAt: moment,
  archivedAt: optional(moment),
});

/** The archived ones too. */
export const charactersOfProject = newest(characterView, 'projectId', 'createdAt');
