import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import { fromGlobalId, toGlobalId } from '../../platform/reads/global-id.ts';
import { ReadsConnection, ReadsRoot, ReadsRow } from '../../platform/reads/plan/field-read.ts';
import { rootOf } from '../access/root.ts';
import { findProject, type ProjectRow } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { projectView } from '../projects/project.view.ts';
import { archiveCharacter } from './archive-character.ts';
import { type CharacterRow, findCharacter, listCharacters } from './character.queries.ts';
import {
  ArchiveCharacterInput,
  ArchiveCharacterPayload,
  Character,
  CharacterConnection,
  CreateCharacterInput,
  CreateCharacterPayload,
  UpdateCharacterInput,
  UpdateCharacterPayload,
} from './character.type.ts';
import { charactersOfProject, characterView } from './character.view.ts';
import { createCharacter } from './create-character.ts';
import { updateCharacter } from './update-character.ts';

@Resolver(() => Character)
export class CharacterResolver {
  @FieldResolver(() => ID, { description: 'Opaque and stable.' })
  id(@Root() character: CharacterRow): string {
    return toGlobalId('Character', character.id);
  }

  @ReadsRow(projectView, 'projectId')
  @FieldResolver(() => Project, { description: 'The project they belong to.' })
  project(@Ctx() ctx: Context, @Root() character: CharacterRow) {
    return findProject(ctx, character.projectId);
  }

  @ReadsRoot(rootOf(characterView, 'Character'))
  @Query(() => Character, { nullable: true, description: 'The character with this id. Error: NOT_FOUND.' })
  character(@Ctx() ctx: Context, @Arg('id', () => ID, { description: "The character's id." }) id: string) {
    return findCharacter(ctx, fromGlobalId('Character', id));
  }

  @Mutation(() => CreateCharacterPayload, { description: 'Adds a character to a project.' })
  createCharacter(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateCharacterInput, { description: 'Who they are.' }) input: CreateCharacterInput,
  ) {
    return toPayload('character', createCharacter(ctx, input));
  }

  @Mutation(() => UpdateCharacterPayload, {
    description: 'Changes a character; pictures that exist stay as they are.',
  })
  updateCharacter(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateCharacterInput, { description: 'What to change.' }) input: UpdateCharacterInput,
  ) {
    return toPayload('character', updateCharacter(ctx, input));
  }

  @Mutation(() => ArchiveCharacterPayload, {
    description: 'Stops new runs of a character. User error of later runs: CHARACTER_ARCHIVED.',
  })
  archiveCharacter(
    @Ctx() ctx: Context,
    @Arg('input', () => ArchiveCharacterInput, { description: 'Which one.' }) input: ArchiveCharacterInput,
  ) {
    return toPayload('character', archiveCharacter(ctx, input));
  }
}

@Resolver(() => Project)
export class ProjectCharactersResolver {
  @ReadsConnection(charactersOfProject)
  @FieldResolver(() => CharacterConnection, {
    description: 'Its characters, newest first, the archived ones too.',
  })
  characters(@Ctx() ctx: Context, @Root() project: ProjectRow, @Args(() => PageArgs) page: PageArgs) {
    return listCharacters(ctx, project.id, page);
  }
}
