import { Arg, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import type { Page } from '../../platform/reads/page.ts';
import { byId, connection, globalId, row } from '../../platform/reads/reading.ts';
import { Reads, ReadsById } from '../../platform/reads/reads.ts';
import { type ProjectRow, projects } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { archiveCharacter } from './archive-character.ts';
import { type CharacterRow, characters } from './character.queries.ts';
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
  @Reads(globalId('Character'), () => ID, { description: 'Opaque and stable.' })
  readonly id: string;

  @Reads(row(characterView, 'projectId', projects), () => Project, {
    description: 'The project they belong to.',
  })
  readonly project: ProjectRow;

  @ReadsById(byId(characters), () => Character, {
    description: 'The character with this id. Error: NOT_FOUND.',
    id: "The character's id.",
  })
  readonly character: CharacterRow;

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
  @Reads(connection(projects, charactersOfProject), () => CharacterConnection, {
    args: () => PageArgs,
    description: 'Its characters, newest first, the archived ones too.',
  })
  readonly characters: Page<CharacterRow>;
}
