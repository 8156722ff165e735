import { checkText } from '../../platform/graphql/text.ts';
import { tables } from '../../platform/reads/generated/tables.ts';
import { parseGlobalId } from '../../platform/reads/global-id.ts';
import { arrayText, type Condition, newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';
import type { GenerationFilter } from './generation.type.ts';

export const generationView = view(tables.Generation);

type Filtered = { readonly filter?: GenerationFilter | null };

export const generationsOfProject = newest(generationView, 'projectId', 'requestedAt', conditions);
export const generationsOfCharacter = newest(generationView, 'characterId', 'requestedAt', conditions);

function conditions({ filter }: Filtered): readonly Condition[] {
  const { statuses, batch, characterId } = filter ?? {};
  const found: Condition[] = [];
  if (statuses) {
    const sql = (place: string) => `t."status" = ANY(${place}::"GenerationStatus"[])`;
    found.push({ sql, value: arrayText(statuses), isSkewed: true });
  }
  if (batch != null) {
    const value = checkText(['filter', 'batch'], batch, { maximum: 200 });
    found.push({ sql: (place) => `t."batch" = ${place}::text`, value });
  }
  if (characterId != null) {
    const id = parseGlobalId(characterId);
    // A malformed id gives an empty list, as the id of a character of another project does.
    if (id?.type !== 'Character') found.push({ sql: 'false' });
    else found.push({ sql: (place) => `t."character_id" = ${place}::uuid`, value: id.id });
  }
  return found;
}
