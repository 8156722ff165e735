import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorizeChange } from '../access/authorize.ts';
import { recordAudit } from '../access/record-audit.ts';
import { recordEvent } from '../access/record-event.ts';
import { type CharacterRow, findLiveCharacter } from './character.queries.ts';
import type { UpdateCharacterInput } from './character.type.ts';
import { checkCharacter } from './check-character.ts';

/** Changes the fields that are given. Pictures that exist stay as they are. Throws NotFound, Conflict, InputProblem. */
export async function updateCharacter(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'clock'>,
  input: UpdateCharacterInput,
): Promise<CharacterRow> {
  const { id, projectId } = await findLiveCharacter(ctx, fromGlobalId('Character', input.id), 'id');
  await authorizeChange(ctx, projectId, 'EDIT_CHARACTERS', { what: 'Character', field: 'id' });
  const fields = checkCharacter(input);
  return ctx.db.$transaction(async (tx) => {
    const character = await tx.character.update({
      where: { id },
      data: { ...fields, updatedAt: ctx.clock.now() },
    });
    await recordAudit(tx, ctx.viewer, {
      projectId,
      action: 'CHARACTER_UPDATED',
      target: { type: 'Character', id },
      details: { fields: Object.keys(fields).join(' ') },
    });
    await recordEvent(tx, { projectId, kind: 'CHARACTER_UPDATED', characterId: id });
    return character;
  });
}
