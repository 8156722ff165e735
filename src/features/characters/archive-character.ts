import { authorize } from '../../platform/auth/policy.ts';
import type { Uses } from '../../platform/context.ts';
import { recordEvent } from '../../platform/events/record-event.ts';
import { fromGlobalId } from '../../platform/graphql/global-id.ts';
import { type CharacterRow, findCharacter } from './character.queries.ts';
import type { ArchiveCharacterInput } from './character.type.ts';

/** Stops new runs of a character; runs under way go on, pictures stay. Archiving twice is no error. Throws NotFound. */
export async function archiveCharacter(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'clock'>,
  input: ArchiveCharacterInput,
): Promise<CharacterRow> {
  authorize(ctx.viewer, 'EDIT_CHARACTERS');
  const found = await findCharacter(ctx, fromGlobalId('Character', input.id));
  return ctx.db.$transaction(async (tx) => {
    const { count } = await tx.character.updateMany({
      where: { id: found.id, archivedAt: null },
      data: { archivedAt: ctx.clock.now() },
    });
    if (count > 0) {
      await recordEvent(tx, {
        projectId: found.projectId,
        kind: 'CHARACTER_ARCHIVED',
        characterId: found.id,
      });
    }
    return tx.character.findUniqueOrThrow({ where: { id: found.id } });
  });
}
