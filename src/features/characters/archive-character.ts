import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorizeChange } from '../access/authorize.ts';
import { recordAudit } from '../access/record-audit.ts';
import { recordEvent } from '../access/record-event.ts';
import { type CharacterRow, findCharacter } from './character.queries.ts';
import type { ArchiveCharacterInput } from './character.type.ts';

/**
 * Stops new runs of a character. Runs under way continue, and pictures stay. Archiving twice is no error. Throws
 * NotFound, Forbidden, and Conflict for a project that is archived or being deleted.
 */
export async function archiveCharacter(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'clock'>,
  input: ArchiveCharacterInput,
): Promise<CharacterRow> {
  const found = await findCharacter(ctx, fromGlobalId('Character', input.id));
  await authorizeChange(ctx, found.projectId, 'EDIT_CHARACTERS', { what: 'Character', field: 'id' });
  return ctx.db.$transaction(async (tx) => {
    const { count } = await tx.character.updateMany({
      where: { id: found.id, archivedAt: null },
      data: { archivedAt: ctx.clock.now() },
    });
    if (count > 0) {
      const { id, projectId } = found;
      await recordAudit(tx, ctx.viewer, {
        projectId,
        action: 'CHARACTER_ARCHIVED',
        target: { type: 'Character', id },
      });
      await recordEvent(tx, { projectId, kind: 'CHARACTER_ARCHIVED', characterId: id });
    }
    return tx.character.findUniqueOrThrow({ where: { id: found.id } });
  });
}
