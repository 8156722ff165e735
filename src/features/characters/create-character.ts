import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorizeChange } from '../access/authorize.ts';
import { recordAudit } from '../access/record-audit.ts';
import { recordEvent } from '../access/record-event.ts';
import type { CharacterRow } from './character.queries.ts';
import type { CreateCharacterInput } from './character.type.ts';
import { checkCharacter } from './check-character.ts';

/** Adds a character to a project. Throws NotFound for the project, InputProblem for a field. */
export async function createCharacter(
  ctx: Uses<'db' | 'viewer' | 'loaders'>,
  input: CreateCharacterInput,
): Promise<CharacterRow> {
  const projectId = fromGlobalId('Project', input.projectId);
  await authorizeChange(ctx, projectId, 'EDIT_CHARACTERS', { field: 'projectId' });
  const { name = '', ...fields } = checkCharacter(input);
  return ctx.db.$transaction(async (tx) => {
    const character = await tx.character.create({ data: { projectId, name, ...fields } });
    await recordAudit(tx, ctx.viewer, {
      projectId,
      action: 'CHARACTER_CREATED',
      target: { type: 'Character', id: character.id },
    });
    await recordEvent(tx, { projectId, kind: 'CHARACTER_CREATED', characterId: character.id });
    return character;
  });
}
