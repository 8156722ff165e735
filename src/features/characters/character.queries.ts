import { Conflict, NotFound } from '../../errors.ts';
import type { Character as CharacterRow } from '../../platform/db/generated/client.ts';
import { sharedRead } from '../../platform/db/turns.ts';
import { type Asker, authorize, isAllowed } from '../access/authorize.ts';
import { readable } from '../access/readable.ts';
import { characterView } from './character.view.ts';

export type { CharacterRow };

/** As documents reach them. */
export const characters = readable(characterView, 'Character', findCharacter);

/** The character with this row id. Throws NotFound, also for strangers. */
export async function findCharacter(ctx: Asker, id: string): Promise<CharacterRow> {
  const character = await loadCharacter(ctx, id);
  if (!character) throw new NotFound('Character');
  await authorize(ctx, character.projectId, 'READ_PROJECT', 'Character');
  return character;
}

/** The same; null where findCharacter throws. */
export async function characterIfVisible(ctx: Asker, id: string): Promise<CharacterRow | null> {
  const character = await loadCharacter(ctx, id);
  return character && (await isAllowed(ctx, character.projectId, 'READ_PROJECT')) ? character : null;
}

async function loadCharacter(ctx: Asker, id: string): Promise<CharacterRow | null> {
  return ctx.loaders
    .of('characters', (ids) =>
      Promise.all(ids.map(async (each) => [each, await readCharacter(ctx.db, each)] as const)),
    )
    .load(id);
}

const readCharacter = sharedRead('characters', async (db, ids: readonly string[]) => {
  const rows = await db.character.findMany({ where: { id: { in: [...ids] } } });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

/** The character, and it may still change. Throws like findCharacter, and Conflict when archived. */
export async function findLiveCharacter(ctx: Asker, id: string, field: string): Promise<CharacterRow> {
  const character = await findCharacter(ctx, id);
  refuseArchived(character, field);
  return character;
}

/** Throws Conflict at `field` of the input for a character that is archived. */
export function refuseArchived({ archivedAt }: CharacterRow, field: string): void {
  if (archivedAt) throw new Conflict('CHARACTER_ARCHIVED', 'This character is archived.', ['input', field]);
}
