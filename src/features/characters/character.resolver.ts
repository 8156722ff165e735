import { Arg, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import type { Page } from '../../platform/reads/page.ts';
import { connection, globalId, row } from '../../platform/reads/reading.ts';
import { Reads, ReadsById } from '../../platform/reads/reads.ts';
import { byId } from '../../platform/reads/root-reading.ts';
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
  @Reads(globalId('Character'), () => ID, { description: 'The global id. Opaque and stable.' })
  readonly id: string;

  @Reads(row(characterView, 'projectId', projects), () => Project, {
    description: 'The project that the character belongs to.',
  })
  readonly project: ProjectRow;

  @ReadsById(byId(characters), () => Character, {
    description: 'The character with this id. Error: NOT_FOUND.',
    id: "The character's id.",
  })
  readonly character: CharacterRow;

  @Mutation(() => CreateCharacterPayload, {
    description:
      'Creates a character in a project. A VIEWER gets FORBIDDEN. User errors: PROJECT_ARCHIVED, PROJECT_DELETING.',
  })
  createCharacter(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateCharacterInput, { description: 'The new character.' })
    input: CreateCharacterInput,
  ) {
    return toPayload('character', createCharacter(ctx, input));
  }

  @Mutation(() => UpdateCharacterPayload, {
    description:
      'Changes a character; existing pictures stay as they are. A VIEWER gets FORBIDDEN. User errors: CHARACTER_ARCHIVED, PROJECT_ARCHIVED, PROJECT_DELETING.',
  })
  updateCharacter(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateCharacterInput, { description: 'The character and its new values.' })
    input: UpdateCharacterInput,
  ) {
    return toPayload('character', updateCharacter(ctx, input));
  }

  @Mutation(() => ArchiveCharacterPayload, {
    description:
      'Archives a character: no new run of it can be requested. Later requests get the user error CHARACTER_ARCHIVED. A VIEWER gets FORBIDDEN. User errors: PROJECT_ARCHIVED, PROJECT_DELETING.',
  })
  archiveCharacter(
    @Ctx() ctx: Context,
    @Arg('input', () => ArchiveCharacterInput, { description: 'The character to archive.' })
    input: ArchiveCharacterInput,
  ) {
    return toPayload('character', archiveCharacter(ctx, input));
  }
}

@Resolver(() => Project)
export class ProjectCharactersResolver {
  @Reads(connection(projects, charactersOfProject), () => CharacterConnection, {
    args: () => PageArgs,
    description: "The project's characters, newest first, including archived characters.",
  })
  readonly characters: Page<CharacterRow>;
}
