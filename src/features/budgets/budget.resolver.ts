import { Arg, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { DateScalar, DateTimeScalar, DecimalScalar } from '../../platform/graphql/scalars.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import type { Page } from '../../platform/reads/page.ts';
import { asked, connection, globalId, made, optionalRow } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import type { Asker } from '../access/authorize.ts';
import { ofProject } from '../access/readable.ts';
import { apiKeyIfVisible } from '../api-keys/api-key.queries.ts';
import { ApiKey } from '../api-keys/api-key.type.ts';
import { type CharacterRow, characters } from '../characters/character.queries.ts';
import { Character } from '../characters/character.type.ts';
import { imageModelBySlug } from '../image-models/image-model.queries.ts';
import { ImageModel } from '../image-models/image-model.type.ts';
import { memberOfUser } from '../members/member.queries.ts';
import { Member } from '../members/member.type.ts';
import { Project } from '../projects/project.type.ts';
import { type BudgetRow, standingOf } from './budget.queries.ts';
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
import { budgetsOfProject, budgetView } from './budget.view.ts';
import { createBudget } from './create-budget.ts';
import { removeBudget } from './remove-budget.ts';
import { updateBudget } from './update-budget.ts';
import type { Standing } from './windows.ts';

/** One figure of a budget in its current period. */
function ofStanding<Name extends keyof Standing>(name: Name) {
  return asked(
    budgetView,
    ['id'],
    async (budget, _: object, ctx: Asker) => (await standingOf(ctx, budget))[name],
  );
}

@Resolver(() => Budget)
export class BudgetResolver {
  @Reads(globalId('Budget'), () => ID, { description: 'The global id. Opaque and stable.' })
  readonly id: string;

  @Reads(ofStanding('startsOn'), () => DateScalar, {
    nullable: true,
    description:
      'The first day of the current period, in the time zone that the project had when the period began; null for TOTAL.',
  })
  readonly periodStartsOn: string | null;

  @Reads(ofStanding('endsOn'), () => DateScalar, {
    nullable: true,
    description:
      'The last day of the current period, in the same time zone as `periodStartsOn`; null for TOTAL.',
  })
  readonly periodEndsOn: string | null;

  @Reads(ofStanding('startsAt'), () => DateTimeScalar, {
    nullable: true,
    description: 'The moment when the current period began; null for TOTAL.',
  })
  readonly periodStartsAt: Date | null;

  @Reads(ofStanding('endsAt'), () => DateTimeScalar, {
    nullable: true,
    description:
      'The moment when the current period ends and the next one begins; null for TOTAL. The first period in a new time zone may be shorter or longer than a day or a month.',
  })
  readonly periodEndsAt: Date | null;

  @Reads(ofStanding('capMicros'), () => DecimalScalar, {
    description: 'US dollars: the most that runs of this budget may cost in a period.',
  })
  readonly cap: bigint;

  @Reads(ofStanding('settledMicros'), () => DecimalScalar, {
    description: 'US dollars that runs of this budget cost: those that have ended and whose cost is known.',
  })
  readonly settled: bigint;

  @Reads(ofStanding('heldMicros'), () => DecimalScalar, {
    description:
      'US dollars set aside for runs of this budget that have not ended, or whose cost is not known yet.',
  })
  readonly held: bigint;

  @Reads(ofStanding('availableMicros'), () => DecimalScalar, {
    description: 'US dollars that new runs may still cost: `cap - settled - held`, never below 0.',
  })
  readonly available: bigint;

  @Reads(ofStanding('overrunMicros'), () => DecimalScalar, {
    description:
      'US dollars by which `settled + held` exceeds the cap, because the cap was set below that amount or a run cost more than was held for it. 0 otherwise.',
  })
  readonly overrun: bigint;

  @FieldResolver(() => Member, {
    nullable: true,
    description:
      'For the scope MEMBER: the member. Null for other scopes, when the user has left the project, and for viewers who may not read members.',
  })
  member(@Ctx() ctx: Context, @Root() { projectId, userId }: BudgetRow) {
    return userId === null ? null : memberOfUser(ctx, projectId, userId);
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description:
      'For the scope API_KEY: the API key. Null for other scopes, for viewers who may not see the key, and when the key has ended and is no longer stored.',
  })
  apiKey(@Ctx() ctx: Context, @Root() { apiKeyId }: BudgetRow) {
    return apiKeyId === null ? null : apiKeyIfVisible(ctx, apiKeyId);
  }

  @Reads(optionalRow(budgetView, 'characterId', characters), () => Character, {
    nullable: true,
    description: 'For the scope CHARACTER: the character. Null for other scopes.',
  })
  readonly character: CharacterRow | null;

  @Reads(
    made(budgetView, ['model'], ({ model }) => (model === null ? null : imageModelBySlug(model, ''))),
    () => ImageModel,
    { nullable: true, description: 'For the scope MODEL: the model. Null for other scopes.' },
  )
  readonly model: ReturnType<typeof imageModelBySlug> | null;

  @Mutation(() => CreateBudgetPayload, {
    description:
      'Creates a budget. Runs that were already requested in its current period count. Owners only; others and API keys get FORBIDDEN. User errors: BUDGET_EXISTS when there is a budget for the same subject and period, PROJECT_DELETING.',
  })
  createBudget(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateBudgetInput, { description: 'The new budget: its scope, period and cap.' })
    input: CreateBudgetInput,
  ) {
    return toPayload('budget', createBudget(ctx, input));
  }

  @Mutation(() => UpdateBudgetPayload, {
    description:
      'Changes a budget, from its current period on. Owners only; others and API keys get FORBIDDEN. User errors: BUDGET_REMOVED, PROJECT_DELETING.',
  })
  updateBudget(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateBudgetInput, { description: 'The budget and its new values.' })
    input: UpdateBudgetInput,
  ) {
    return toPayload('budget', updateBudget(ctx, input));
  }

  @Mutation(() => RemoveBudgetPayload, {
    description:
      'Removes a budget permanently: it no longer refuses or counts runs. Owners only; others and API keys get FORBIDDEN.',
  })
  removeBudget(
    @Ctx() ctx: Context,
    @Arg('input', () => RemoveBudgetInput, { description: 'The budget to remove.' }) input: RemoveBudgetInput,
  ) {
    return toPayload('budget', removeBudget(ctx, input));
  }
}

@Resolver(() => Project)
export class ProjectBudgetsResolver {
  @Reads(connection(ofProject('READ_SPEND'), budgetsOfProject), () => BudgetConnection, {
    args: () => PageArgs,
    nullable: true,
    description: "The project's budgets in force, newest first. A VIEWER gets FORBIDDEN.",
  })
  readonly budgets: Page<BudgetRow>;
}
