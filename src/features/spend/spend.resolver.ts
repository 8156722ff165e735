import { Args, Ctx, Extensions, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { globalIdOf } from '../../platform/reads/global-id.ts';
import { User } from '../access/user.type.ts';
import { apiKeyIfVisible } from '../api-keys/api-key.queries.ts';
import { ApiKey } from '../api-keys/api-key.type.ts';
import { budgetIfVisible } from '../budgets/budget.queries.ts';
import { Budget } from '../budgets/budget.type.ts';
import { characterIfVisible } from '../characters/character.queries.ts';
import { Character } from '../characters/character.type.ts';
import { imageModelBySlug } from '../image-models/image-model.queries.ts';
import { ImageModel } from '../image-models/image-model.type.ts';
import { type ProjectRow, projectIfVisible } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { type Forecast, forecastOf } from './forecast.ts';
import {
  allSpend,
  projectSpend,
  type SpendReportFound,
  type SpendRowFound,
  spender,
} from './spend.queries.ts';
import { SpendArgs, SpendForecast, SpendReport, SpendRow } from './spend.type.ts';

@Resolver(() => SpendRow)
export class SpendRowResolver {
  @FieldResolver(() => Project, { nullable: true, description: 'Which project spent it.' })
  project(@Ctx() ctx: Context, @Root() { projectId }: SpendRowFound) {
    return projectId === null ? null : projectIfVisible(ctx, projectId);
  }

  @FieldResolver(() => ID, { nullable: true, description: "The project's id." })
  projectId(@Root() { projectId }: SpendRowFound) {
    return globalIdOf('Project', projectId);
  }

  @FieldResolver(() => ImageModel, { nullable: true, description: 'The model that drew.' })
  model(@Root() { modelSlug }: SpendRowFound) {
    return modelSlug === null ? null : imageModelBySlug(modelSlug, 'unknown');
  }

  @FieldResolver(() => Character, { nullable: true, description: 'Who was drawn.' })
  character(@Ctx() ctx: Context, @Root() { characterId }: SpendRowFound) {
    return characterId === null ? null : characterIfVisible(ctx, characterId);
  }

  @FieldResolver(() => ID, { nullable: true, description: "The character's id." })
  characterId(@Root() { characterId }: SpendRowFound) {
    return globalIdOf('Character', characterId);
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: 'Who asked; null for the admin and SERVICE keys, and for API keys that read this.',
  })
  user(@Ctx() ctx: Context, @Root() row: SpendRowFound) {
    return spender(ctx, row);
  }

  @FieldResolver(() => ID, { nullable: true, description: "The user's id." })
  userId(@Root() { userId }: SpendRowFound) {
    return globalIdOf('User', userId);
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description: 'The key by which was asked; null for people, and for those who may not read the key.',
  })
  apiKey(@Ctx() ctx: Context, @Root() { apiKeyId }: SpendRowFound) {
    return apiKeyId === null ? null : apiKeyIfVisible(ctx, apiKeyId);
  }

  @FieldResolver(() => ID, { nullable: true, description: "The key's id." })
  apiKeyId(@Root() { apiKeyId }: SpendRowFound) {
    return globalIdOf('ApiKey', apiKeyId);
  }
}

@Resolver(() => SpendReport)
export class SpendReportResolver {
  @FieldResolver(() => SpendForecast, {
    nullable: true,
    description: 'Where it is heading; null when `to` is over.',
  })
  forecast(@Ctx() ctx: Context, @Root() report: SpendReportFound) {
    return forecastOf(ctx, report);
  }

  @Extensions({ points: 10 })
  @Query(() => SpendReport, {
    nullable: true,
    description: 'What all projects have spent, those that are gone too; for the admin. Error: FORBIDDEN.',
  })
  spend(@Ctx() ctx: Context, @Args(() => SpendArgs) args: SpendArgs) {
    return allSpend(ctx, args);
  }
}

@Resolver(() => SpendForecast)
export class SpendForecastResolver {
  @FieldResolver(() => Budget, {
    nullable: true,
    description: 'The budget that has nothing left on `budgetRunsOutOn`.',
  })
  budget(@Ctx() ctx: Context, @Root() { budgetId }: Forecast) {
    return budgetId === null ? null : budgetIfVisible(ctx, budgetId);
  }
}

@Resolver(() => Project)
export class ProjectSpendResolver {
  @Extensions({ points: 10 })
  @FieldResolver(() => SpendReport, {
    nullable: true,
    description: 'What it has spent, by the day on which runs were asked for; editors and owners.',
  })
  spend(@Ctx() ctx: Context, @Root() project: ProjectRow, @Args(() => SpendArgs) args: SpendArgs) {
    return projectSpend(ctx, project.id, args);
  }
}
