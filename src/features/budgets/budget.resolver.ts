import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { DateScalar, DateTimeScalar, DecimalScalar } from '../../platform/graphql/scalars.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import { globalId, optionalRow } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { apiKeyIfVisible } from '../api-keys/api-key.queries.ts';
import { ApiKey } from '../api-keys/api-key.type.ts';
import { type CharacterRow, characters } from '../characters/character.queries.ts';
import { Character } from '../characters/character.type.ts';
import { imageModelBySlug } from '../image-models/image-model.queries.ts';
import { ImageModel } from '../image-models/image-model.type.ts';
import { memberOfUser } from '../members/member.queries.ts';
import { Member } from '../members/member.type.ts';
import type { ProjectRow } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { type BudgetRow, listBudgets, standingOf } from './budget.queries.ts';
import {
  Budget,
  BudgetConnection,
  CreateBudgetInput,
  CreateBudgetPayload,
  RemoveBudgetInput,
  RemoveBudgetPayload,
  UpdateBudgetInput,
  UpdateBudgetPayload,
} from './budget.type.ts';
import { budgetView } from './budget.view.ts';
import { createBudget } from './create-budget.ts';
import { removeBudget } from './remove-budget.ts';
import { updateBudget } from './update-budget.ts';

@Resolver(() => Budget)
export class BudgetResolver {
  @Reads(globalId('Budget'), () => ID, { description: 'Opaque and stable.' })
  readonly id: string;

  @FieldResolver(() => DateScalar, {
    nullable: true,
    description:
      'The first day of the current period, in the zone that the project had then; null for TOTAL.',
  })
  async periodStartsOn(@Ctx() ctx: Context, @Root() budget: BudgetRow) {
    return (await standingOf(ctx, budget)).startsOn;
  }

  @FieldResolver(() => DateScalar, {
    nullable: true,
    description: 'The last day of the current period, in the same zone; null for TOTAL.',
  })
  async periodEndsOn(@Ctx() ctx: Context, @Root() budget: BudgetRow) {
    return (await standingOf(ctx, budget)).endsOn;
  }

  @FieldResolver(() => DateTimeScalar, {
    nullable: true,
    description: 'When the current period began; null for TOTAL.',
  })
  async periodStartsAt(@Ctx() ctx: Context, @Root() budget: BudgetRow) {
    return (await standingOf(ctx, budget)).startsAt;
  }

  @FieldResolver(() => DateTimeScalar, {
    nullable: true,
    description:
      'When the current period ends, and the next begins; null for TOTAL. The first period in a new time zone may be shorter or longer than a day or month.',
  })
  async periodEndsAt(@Ctx() ctx: Context, @Root() budget: BudgetRow) {
    return (await standingOf(ctx, budget)).endsAt;
  }

  @FieldResolver(() => DecimalScalar, { description: 'The most that its runs may cost in a period.' })
  async cap(@Ctx() ctx: Context, @Root() budget: BudgetRow) {
    return (await standingOf(ctx, budget)).capMicros;
  }

  @FieldResolver(() => DecimalScalar, { description: 'What its runs that have ended cost.' })
  async settled(@Ctx() ctx: Context, @Root() budget: BudgetRow) {
    return (await standingOf(ctx, budget)).settledMicros;
  }

  @FieldResolver(() => DecimalScalar, {
    description: 'The most that its runs may cost that have not ended, or whose cost is not known yet.',
  })
  async held(@Ctx() ctx: Context, @Root() budget: BudgetRow) {
    return (await standingOf(ctx, budget)).heldMicros;
  }

  @FieldResolver(() => DecimalScalar, {
    description: 'What new runs may still cost: `cap - settled - held`, never below 0.',
  })
  async available(@Ctx() ctx: Context, @Root() budget: BudgetRow) {
    return (await standingOf(ctx, budget)).availableMicros;
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'By how much `settled + held` passes the cap: it was lowered, or a run cost more than it might. 0 otherwise.',
  })
  async overrun(@Ctx() ctx: Context, @Root() budget: BudgetRow) {
    return (await standingOf(ctx, budget)).overrunMicros;
  }

  @FieldResolver(() => Member, {
    nullable: true,
    description: 'Of a MEMBER: who; null when they have left, and for viewers who may not read members.',
  })
  member(@Ctx() ctx: Context, @Root() { projectId, userId }: BudgetRow) {
    return userId === null ? null : memberOfUser(ctx, projectId, userId);
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description: 'Of an API_KEY: which one; null for viewers who may not see it.',
  })
  apiKey(@Ctx() ctx: Context, @Root() { apiKeyId }: BudgetRow) {
    return apiKeyId === null ? null : apiKeyIfVisible(ctx, apiKeyId);
  }

  @Reads(optionalRow(budgetView, 'characterId', characters), () => Character, {
    nullable: true,
    description: 'Of a CHARACTER: which one.',
  })
  readonly character: CharacterRow | null;

  @FieldResolver(() => ImageModel, { nullable: true, description: 'Of a MODEL: which one.' })
  model(@Root() { model }: BudgetRow) {
    return model === null ? null : imageModelBySlug(model, '');
  }

  @Mutation(() => CreateBudgetPayload, {
    description:
      'Makes a budget; what was settled and is held in its current period counts. Owners only, not for API keys: FORBIDDEN. User error: BUDGET_EXISTS.',
  })
  createBudget(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateBudgetInput, { description: 'What it is about, and how much.' })
    input: CreateBudgetInput,
  ) {
    return toPayload('budget', createBudget(ctx, input));
  }

  @Mutation(() => UpdateBudgetPayload, {
    description:
      'Changes a budget from its current period on. Owners only, not for API keys: FORBIDDEN. User error: BUDGET_REMOVED.',
  })
  updateBudget(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateBudgetInput, { description: 'What to change.' }) input: UpdateBudgetInput,
  ) {
    return toPayload('budget', updateBudget(ctx, input));
  }

  @Mutation(() => RemoveBudgetPayload, {
    description: 'Ends a budget for good: nothing is refused or counted by it any more. Owners only.',
  })
  removeBudget(
    @Ctx() ctx: Context,
    @Arg('input', () => RemoveBudgetInput, { description: 'Which one.' }) input: RemoveBudgetInput,
  ) {
    return toPayload('budget', removeBudget(ctx, input));
  }
}

@Resolver(() => Project)
export class ProjectBudgetsResolver {
  @FieldResolver(() => BudgetConnection, {
    nullable: true,
    description: 'Its budgets in force, newest first. Not for a VIEWER: FORBIDDEN.',
  })
  budgets(@Ctx() ctx: Context, @Root() project: ProjectRow, @Args(() => PageArgs) page: PageArgs) {
    return listBudgets(ctx, project.id, page);
  }
}
