import type { GraphQLResolveInfo } from 'graphql';
import { Args, Ctx, Extensions, FieldResolver, ID, Info, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { selects } from '../../platform/graphql/selects.ts';
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
import { spendPoints } from './price.ts';
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
  @FieldResolver(() => Project, {
    nullable: true,
    description:
      'The project of the row. Null when not grouped by PROJECT, or when the project no longer exists.',
  })
  project(@Ctx() ctx: Context, @Root() { projectId }: SpendRowFound) {
    return projectId === null ? null : projectIfVisible(ctx, projectId);
  }

  @FieldResolver(() => ID, {
    nullable: true,
    description: 'The id of the project. Null when not grouped by PROJECT.',
  })
  projectId(@Root() { projectId }: SpendRowFound) {
    return globalIdOf('Project', projectId);
  }

  @FieldResolver(() => ImageModel, {
    nullable: true,
    description: 'The model of the row. Null when not grouped by MODEL.',
  })
  model(@Root() { modelSlug }: SpendRowFound) {
    return modelSlug === null ? null : imageModelBySlug(modelSlug, 'unknown');
  }

  @FieldResolver(() => Character, {
    nullable: true,
    description:
      'The character of the row. Null when not grouped by CHARACTER, or when the character no longer exists.',
  })
  character(@Ctx() ctx: Context, @Root() { characterId }: SpendRowFound) {
    return characterId === null ? null : characterIfVisible(ctx, characterId);
  }

  @FieldResolver(() => ID, {
    nullable: true,
    description: 'The id of the character. Null when not grouped by CHARACTER.',
  })
  characterId(@Root() { characterId }: SpendRowFound) {
    return globalIdOf('Character', characterId);
  }

  @FieldResolver(() => User, {
    nullable: true,
    description:
      'The user who requested the runs. Null when not grouped by MEMBER, for runs of the admin and of SERVICE keys, and when the report is read with an API key.',
  })
  user(@Ctx() ctx: Context, @Root() row: SpendRowFound) {
    return spender(ctx, row);
  }

  @FieldResolver(() => ID, {
    nullable: true,
    description:
      'The id of the user. Null when not grouped by MEMBER, and for runs of the admin and of SERVICE keys.',
  })
  userId(@Root() { userId }: SpendRowFound) {
    return globalIdOf('User', userId);
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description:
      'The API key that the runs were requested with. Null when not grouped by API_KEY, for runs requested without an API key, and for viewers who may not read the key.',
  })
  apiKey(@Ctx() ctx: Context, @Root() { apiKeyId }: SpendRowFound) {
    return apiKeyId === null ? null : apiKeyIfVisible(ctx, apiKeyId);
  }

  @FieldResolver(() => ID, {
    nullable: true,
    description:
      'The id of the API key. Null when not grouped by API_KEY, and for runs requested without an API key.',
  })
  apiKeyId(@Root() { apiKeyId }: SpendRowFound) {
    return globalIdOf('ApiKey', apiKeyId);
  }
}

@Resolver(() => SpendReport)
export class SpendReportResolver {
  @FieldResolver(() => SpendForecast, {
    nullable: true,
    description: 'The forecast for the last day of the report. Null when `to` has passed.',
  })
  forecast(@Ctx() ctx: Context, @Root() report: SpendReportFound) {
    return forecastOf(ctx, report);
  }

  @Extensions({ points: spendPoints })
  @Query(() => SpendReport, {
    nullable: true,
    description:
      'What all projects have spent, including deleted projects. For the admin; others get FORBIDDEN. Error: BAD_USER_INPUT.',
  })
  spend(@Ctx() ctx: Context, @Args(() => SpendArgs) args: SpendArgs, @Info() info: GraphQLResolveInfo) {
    return allSpend(ctx, { ...args, needsMedians: selects(info, 'medianSeconds') });
  }
}

@Resolver(() => SpendForecast)
export class SpendForecastResolver {
  @FieldResolver(() => Budget, {
    nullable: true,
    description:
      'The budget that has nothing left on `budgetRunsOutOn`. Null when `budgetRunsOutOn` is null.',
  })
  budget(@Ctx() ctx: Context, @Root() { budgetId }: Forecast) {
    return budgetId === null ? null : budgetIfVisible(ctx, budgetId);
  }
}

@Resolver(() => Project)
export class ProjectSpendResolver {
  @Extensions({ points: spendPoints })
  @FieldResolver(() => SpendReport, {
    nullable: true,
    description:
      'What the project has spent, by the day on which runs were requested. A VIEWER gets FORBIDDEN. Error: BAD_USER_INPUT.',
  })
  spend(
    @Ctx() ctx: Context,
    @Root() project: ProjectRow,
    @Args(() => SpendArgs) args: SpendArgs,
    @Info() info: GraphQLResolveInfo,
  ) {
    return projectSpend(ctx, project.id, { ...args, needsMedians: selects(info, 'medianSeconds') });
  }
}
