import { NotFound } from '../../errors.ts';
import { readConnection } from '../../platform/reads/lists.ts';
import type { Page, Paging } from '../../platform/reads/page.ts';
import { type Asker, authorize, type Lister } from '../access/authorize.ts';
import type { CharacterRow } from '../characters/character.queries.ts';
import type { GenerationFilter } from './generation.type.ts';
import { generationsOfCharacter, generationsOfProject } from './generation.view.ts';
import type { GenerationRow } from './progress.ts';

/** The generation with this row id. Throws NotFound, also for strangers. */
export async function findGeneration(ctx: Asker, id: string): Promise<GenerationRow> {
  const generation = await ctx.loaders
    .of('generations', async (ids) => {
      const rows = await ctx.db.generation.findMany({ where: { id: { in: ids } } });
      return rows.map((row) => [row.id, row] as const);
    })
    .load(id);
  if (!generation) throw new NotFound('Generation');
  await authorize(ctx, generation.projectId, 'READ_PROJECT', 'Generation');
  return generation;
}

type GenerationArgs = Paging & { readonly filter?: GenerationFilter | null };

/** A project's runs, newest first. Throws NotFound, BadArgument, InputProblem. */
export async function listProjectGenerations(
  ctx: Lister,
  projectId: string,
  args: GenerationArgs,
): Promise<Page<GenerationRow>> {
  await authorize(ctx, projectId, 'READ_PROJECT');
  return readConnection(ctx, generationsOfProject, projectId, args);
}

/** A character's runs, newest first. Throws the same. */
export async function listCharacterGenerations(
  ctx: Lister,
  { id, projectId }: CharacterRow,
  args: GenerationArgs,
): Promise<Page<GenerationRow>> {
  await authorize(ctx, projectId, 'READ_PROJECT', 'Character');
  return readConnection(ctx, generationsOfCharacter, id, args);
}
