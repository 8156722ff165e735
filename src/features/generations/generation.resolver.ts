import { Arg, Ctx, Extensions, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { fromGlobalId, toGlobalId } from '../../platform/graphql/global-id.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { DecimalScalar, JsonObjectScalar, SafeIntScalar } from '../../platform/graphql/scalars.ts';
import { type CharacterRow, findCharacter } from '../characters/character.queries.ts';
import { Character } from '../characters/character.type.ts';
import { imageModelBySlug } from '../image-models/image-model.queries.ts';
import { ImageModel } from '../image-models/image-model.type.ts';
import { findProject, type ProjectRow } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { cancelGeneration } from './cancel-generation.ts';
import { generate } from './generate.ts';
import { findGeneration, listGeneratedImages, listGenerations, parametersOf } from './generation.queries.ts';
import {
  CancelGenerationInput,
  CancelGenerationPayload,
  GeneratedImage,
  GenerateInput,
  GeneratePayload,
  Generation,
  GenerationConnection,
  GenerationFailure,
  GenerationFilter,
  OutputProblem,
} from './generation.type.ts';
import { type GenerationRow, readOutputProblems } from './progress.ts';

const first = { description: 'How many at the most: 1 to 100.' };
const after = { nullable: true, description: "A page's `endCursor`, to go on behind it." };
const filter = { nullable: true, description: 'Which of them.' };

@Resolver(() => Generation)
export class GenerationResolver {
  @FieldResolver(() => ID, { description: 'Opaque and stable.' })
  id(@Root() generation: GenerationRow): string {
    return toGlobalId('Generation', generation.id);
  }

  @FieldResolver(() => Project, { description: 'The project it belongs to.' })
  project(@Ctx() ctx: Context, @Root() generation: GenerationRow) {
    return findProject(ctx, generation.projectId);
  }

  @FieldResolver(() => Character, { description: 'Of whom it is.' })
  character(@Ctx() ctx: Context, @Root() generation: GenerationRow) {
    return findCharacter(ctx, generation.characterId);
  }

  @FieldResolver(() => ImageModel, { description: 'The model that draws it.' })
  model(@Root() generation: GenerationRow) {
    return imageModelBySlug(generation.model, generation.modelVersion);
  }

  @FieldResolver(() => JsonObjectScalar, {
    description: "What was asked of the model, by the provider's names; pictures as `{ imageId, sha256 }`.",
  })
  parameters(@Root() generation: GenerationRow) {
    return parametersOf(generation);
  }

  @FieldResolver(() => SafeIntScalar, {
    nullable: true,
    description: 'The seed it was run with, drawn here when none was given.',
  })
  seed(@Root() generation: GenerationRow): number {
    return Number(generation.seed);
  }

  @FieldResolver(() => [GeneratedImage], { description: 'The pictures, once COMPLETED.' })
  images(@Ctx() ctx: Context, @Root() generation: GenerationRow) {
    return listGeneratedImages(ctx, generation);
  }

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

  @FieldResolver(() => [OutputProblem], { description: 'Outputs that could not be kept.' })
  outputProblems(@Root() generation: GenerationRow): OutputProblem[] {
    return readOutputProblems(generation);
  }

  @FieldResolver(() => DecimalScalar, {
    nullable: true,
    description:
      "US dollars: the provider's own figure, or the list price where it tells none. Null while unknown.",
  })
  cost(@Root() generation: GenerationRow): bigint | null {
    return generation.costMicros;
  }

  @Query(() => Generation, { nullable: true, description: 'The run with this id. Error: NOT_FOUND.' })
  generation(@Ctx() ctx: Context, @Arg('id', () => ID, { description: "The run's id." }) id: string) {
    return findGeneration(ctx, fromGlobalId('Generation', id));
  }

  @Extensions({ paid: true })
  @Mutation(() => GeneratePayload, { description: 'Asks for pictures of a character. This costs money.' })
  generate(
    @Ctx() ctx: Context,
    @Arg('input', () => GenerateInput, { description: 'What to draw.' }) input: GenerateInput,
  ) {
    return toPayload('generation', generate(ctx, input));
  }

  @Mutation(() => CancelGenerationPayload, {
    description:
      'Calls a run off: free before it is submitted; afterwards its result is still collected and paid for. User error: NOT_CANCELABLE.',
  })
  cancelGeneration(
    @Ctx() ctx: Context,
    @Arg('input', () => CancelGenerationInput, { description: 'Which one.' }) input: CancelGenerationInput,
  ) {
    return toPayload('generation', cancelGeneration(ctx, input));
  }
}

@Resolver(() => Project)
export class ProjectGenerationsResolver {
  @FieldResolver(() => GenerationConnection, { description: 'Its runs, newest first.' })
  generations(
    @Ctx() ctx: Context,
    @Root() project: ProjectRow,
    @Arg('first', () => Int, first) firstCount: number,
    @Arg('after', () => String, after) afterCursor: string | null,
    @Arg('filter', () => GenerationFilter, filter) chosen: GenerationFilter | null,
  ) {
    return listGenerations(
      ctx,
      { projectId: project.id },
      { first: firstCount, after: afterCursor, filter: chosen },
    );
  }
}

@Resolver(() => Character)
export class CharacterGenerationsResolver {
  @FieldResolver(() => GenerationConnection, { description: 'Runs of them, newest first.' })
  generations(
    @Ctx() ctx: Context,
    @Root() character: CharacterRow,
    @Arg('first', () => Int, first) firstCount: number,
    @Arg('after', () => String, after) afterCursor: string | null,
    @Arg('filter', () => GenerationFilter, filter) chosen: GenerationFilter | null,
  ) {
    return listGenerations(
      ctx,
      { characterId: character.id },
      { first: firstCount, after: afterCursor, filter: chosen },
    );
  }
}
