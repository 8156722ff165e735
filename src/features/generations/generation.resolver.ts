import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { DecimalScalar, JsonObjectScalar, SafeIntScalar } from '../../platform/graphql/scalars.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import { fromGlobalId, toGlobalId } from '../../platform/reads/global-id.ts';
import {
  ReadsColumn,
  ReadsColumns,
  ReadsConnection,
  ReadsList,
  ReadsMade,
  ReadsRoot,
  ReadsRow,
} from '../../platform/reads/plan/field-read.ts';
import { rootOf } from '../access/root.ts';
import { type CharacterRow, findCharacter } from '../characters/character.queries.ts';
import { Character } from '../characters/character.type.ts';
import { characterView } from '../characters/character.view.ts';
import { imageModelBySlug } from '../image-models/image-model.queries.ts';
import { ImageModel } from '../image-models/image-model.type.ts';
import { findProject, type ProjectRow } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { projectView } from '../projects/project.view.ts';
import { imagesOfGeneration } from './generated-image.view.ts';
import { findGeneration, listCharacterGenerations, listProjectGenerations } from './generation.queries.ts';
import {
  GeneratedImage,
  Generation,
  GenerationConnection,
  GenerationFailure,
  GenerationFilter,
} from './generation.type.ts';
import { generationsOfCharacter, generationsOfProject, generationView } from './generation.view.ts';
import { listGeneratedImages } from './images/generated-image.queries.ts';
import { listOutputProblems } from './output-problem.queries.ts';
import { OutputProblem } from './output-problem.type.ts';
import type { GenerationRow } from './progress.ts';
import { parametersOf } from './stored-run.ts';
import { type Wait, waitColumns, waitOf } from './waiting.ts';
import { GenerationWait } from './waiting.type.ts';

const which = { nullable: true, description: 'Which of them.' };

@Resolver(() => Generation)
export class GenerationResolver {
  @FieldResolver(() => ID, { description: 'Opaque and stable.' })
  id(@Root() generation: GenerationRow): string {
    return toGlobalId('Generation', generation.id);
  }

  @ReadsRow(projectView, 'projectId')
  @FieldResolver(() => Project, { description: 'The project it belongs to.' })
  project(@Ctx() ctx: Context, @Root() generation: GenerationRow) {
    return findProject(ctx, generation.projectId);
  }

  @ReadsRow(characterView, 'characterId')
  @FieldResolver(() => Character, { description: 'Of whom it is.' })
  character(@Ctx() ctx: Context, @Root() generation: GenerationRow) {
    return findCharacter(ctx, generation.characterId);
  }

  @ReadsColumns('model', 'modelVersion')
  @FieldResolver(() => ImageModel, { description: 'The model that draws it.' })
  model(@Root() generation: GenerationRow) {
    return imageModelBySlug(generation.model, generation.modelVersion);
  }

  @ReadsColumns('parameters', 'references')
  @FieldResolver(() => JsonObjectScalar, {
    description: "What was asked of the model, by the provider's names; pictures as `{ imageId, sha256 }`.",
  })
  parameters(@Root() generation: GenerationRow) {
    return parametersOf(generation);
  }

  @ReadsColumn('seed')
  @FieldResolver(() => SafeIntScalar, {
    nullable: true,
    description: 'The seed it was run with, drawn here when none was given.',
  })
  seed(@Root() generation: GenerationRow): number {
    return Number(generation.seed);
  }

  @ReadsList(imagesOfGeneration)
  @FieldResolver(() => [GeneratedImage], {
    description: 'The first hundred pictures, once COMPLETED. `imagesConnection` has all.',
  })
  images(@Ctx() ctx: Context, @Root() generation: GenerationRow) {
    return listGeneratedImages(ctx, generation);
  }

  @ReadsColumns('failureCode', 'failureMessage', 'failureRetryable')
  @FieldResolver(() => GenerationFailure, {
    nullable: true,
    description: 'Why it FAILED, was turned down, or is UNCERTAIN.',
  })
  failure(
    @Root() { failureCode, failureMessage, failureRetryable }: GenerationRow,
  ): GenerationFailure | null {
    if (failureCode === null) return null;
    return { code: failureCode, message: failureMessage ?? '', retryable: failureRetryable ?? false };
  }

  @ReadsMade(['id', 'outputProblems'], (run: GenerationRow, _: object, ctx: Context) =>
    listOutputProblems(ctx, run),
  )
  @FieldResolver(() => [OutputProblem], {
    description: 'Outputs that did not become pictures; in a subscription the first hundred of them.',
  })
  outputProblems(@Ctx() ctx: Context, @Root() generation: GenerationRow) {
    return listOutputProblems(ctx, generation);
  }

  @ReadsColumns(...waitColumns)
  @FieldResolver(() => GenerationWait, {
    nullable: true,
    description:
      'Why it does not go on. Null when it waits for nothing but its turn or the result. A run as it stood at an event can only have the reason APPROVAL.',
  })
  waitingFor(@Root() generation: GenerationRow): Wait | null {
    return waitOf(generation);
  }

  @ReadsColumn('costMicros')
  @FieldResolver(() => DecimalScalar, {
    nullable: true,
    description:
      "US dollars: the provider's own figure, or the list price where it tells none. Null while unknown.",
  })
  cost(@Root() generation: GenerationRow): bigint | null {
    return generation.costMicros;
  }

  @ReadsRoot(rootOf(generationView, 'Generation'))
  @Query(() => Generation, { nullable: true, description: 'The run with this id. Error: NOT_FOUND.' })
  generation(@Ctx() ctx: Context, @Arg('id', () => ID, { description: "The run's id." }) id: string) {
    return findGeneration(ctx, fromGlobalId('Generation', id));
  }
}

@Resolver(() => Project)
export class ProjectGenerationsResolver {
  @ReadsConnection(generationsOfProject)
  @FieldResolver(() => GenerationConnection, { description: 'Its runs, newest first.' })
  generations(
    @Ctx() ctx: Context,
    @Root() project: ProjectRow,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => GenerationFilter, which) filter: GenerationFilter | null,
  ) {
    return listProjectGenerations(ctx, project.id, { ...page, filter });
  }
}

@Resolver(() => Character)
export class CharacterGenerationsResolver {
  @ReadsConnection(generationsOfCharacter)
  @FieldResolver(() => GenerationConnection, { description: 'Runs of them, newest first.' })
  generations(
    @Ctx() ctx: Context,
    @Root() character: CharacterRow,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => GenerationFilter, which) filter: GenerationFilter | null,
  ) {
    return listCharacterGenerations(ctx, character, { ...page, filter });
  }
}
