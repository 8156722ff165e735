import { ArgsType, Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { DateScalar, DecimalScalar, SafeIntScalar } from '../../platform/graphql/scalars.ts';
import { GenerationStatus } from '../generations/generation.type.ts';
import type { GenerationStatus as Status } from '../generations/generation-state.ts';
import { type SpendGrouping as Grouping, spendGroupings } from './grouping.ts';

/** The groupings, as a GraphQL enum. */
const SpendGrouping = Object.fromEntries(spendGroupings.map((each) => [each, each]));
registerEnumType(SpendGrouping, {
  name: 'SpendGrouping',
  description: 'By what spend is broken down. Of DAY, WEEK and MONTH one at a time.',
  valuesConfig: {
    DAY: { description: 'The day on which a run was asked for, by the time zone of its project.' },
    WEEK: { description: 'The week, from Monday, in which a run was asked for.' },
    MONTH: { description: 'The month in which a run was asked for.' },
    PROJECT: { description: 'The project; one and the same unless the admin asks for all.' },
    MODEL: { description: 'The model that drew.' },
    CHARACTER: { description: 'Who was drawn.' },
    MEMBER: { description: 'Who asked, also with a PERSONAL key. The admin and SERVICE keys are nobody.' },
    API_KEY: { description: 'The key by which was asked.' },
    STATUS: { description: 'How the run ended.' },
  },
});

@InputType({ description: 'Which runs count; all conditions hold. An id of another project fits none.' })
export class SpendFilter {
  @Field(() => [String], { nullable: true, description: 'Of any of these models, by their slugs.' })
  models?: string[] | null;
  @Field(() => [ID], { nullable: true, description: 'Of any of these characters.' })
  characterIds?: string[] | null;
  @Field(() => [ID], {
    nullable: true,
    description: 'Asked for by any of these users, also with PERSONAL keys and after they have left.',
  })
  userIds?: string[] | null;
  @Field(() => [ID], { nullable: true, description: 'Asked for by any of these API keys.' })
  apiKeyIds?: string[] | null;
  @Field(() => [GenerationStatus], {
    nullable: true,
    description: 'Ended in any of these: COMPLETED, FAILED, CANCELED.',
  })
  statuses?: Status[] | null;
  @Field(() => [ID], { nullable: true, description: 'Of any of these projects.' })
  projectIds?: string[] | null;
}

/** The arguments of a report of spending. */
@ArgsType()
export class SpendArgs {
  @Field(() => DateScalar, {
    description: 'The first day, by the time zone of the project, or of each project.',
  })
  from: string;
  @Field(() => DateScalar, { description: 'The last day; at the most ten years later.' })
  to: string;
  @Field(() => [SpendGrouping], {
    defaultValue: [],
    description: 'What each row is about. Left out: one row for everything.',
  })
  groupBy: Grouping[];
  @Field(() => SpendFilter, { nullable: true, description: 'Which runs count.' })
  filter?: SpendFilter | null;
  @Field(() => Int, { defaultValue: 100, description: 'How many rows at the most: 1 to 1000.' })
  first: number;
}

@ObjectType({ description: 'What was spent, and what for.' })
export class SpendTotals {
  @Field(() => DecimalScalar, { description: 'US dollars, of runs that have ended and whose cost is known.' })
  amount: bigint;
  @Field(() => SafeIntScalar, { description: 'Runs that have ended.' })
  runs: number;
  @Field(() => SafeIntScalar, { description: 'Runs that FAILED.' })
  failures: number;
  @Field(() => SafeIntScalar, { description: 'Pictures that came of the runs.' })
  pictures: number;
  @Field(() => SafeIntScalar, { description: 'Pictures that were not rated DISCARDED.' })
  keptPictures: number;
  @Field(() => Float, {
    nullable: true,
    description:
      "The provider's compute seconds: half of the runs took less. Estimated from a histogram, to three digits: at the most 20 % off, from a quarter of a second to three hours. Null when no run's time is known.",
  })
  medianSeconds: number | null;
  @Field(() => DecimalScalar, { nullable: true, description: 'US dollars a picture; null without pictures.' })
  costPerPicture: bigint | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'US dollars a picture that was not rated DISCARDED; null when there are none.',
  })
  costPerKeptPicture: bigint | null;
}

@ObjectType({
  description:
    'What was spent on one thing. What is not grouped by is null; so is what is gone or not for the viewer to read, while its id is told.',
})
export class SpendRow extends SpendTotals {
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The day, or the first day of the week or month; that may lie before `from`.',
  })
  startsOn: string | null;
  @Field(() => GenerationStatus, { nullable: true, description: 'How the runs ended.' })
  status: Status | null;
}

@ObjectType({ description: 'Where spending is heading if it goes on as of late.' })
export class SpendForecast {
  @Field(() => DateScalar, { description: "The report's last day." })
  until: string;
  @Field(() => DecimalScalar, {
    description:
      'US dollars expected by the end of `until`: what the report holds, and `perDay` for each day of it after today.',
  })
  amount: bigint;
  @Field(() => DecimalScalar, {
    description:
      'US dollars a day: the mean of the last 28 full days, or of those since the first spend. On the first day of all, what that day has seen.',
  })
  perDay: bigint;
  @Field(() => DateScalar, {
    nullable: true,
    description:
      "The first day on which one of the project's own budgets has nothing left, in the period that runs now, whatever the filter; null when none runs out.",
  })
  budgetRunsOutOn: string | null;
}

@ObjectType({ description: 'What was spent from one day to another.' })
export class SpendReport {
  @Field(() => [SpendRow], {
    description:
      'Ordered by time, then by amount, the largest first: at most `first` of them, and `hasMore` says whether there are more.',
  })
  rows: SpendRow[];
  @Field(() => Boolean, { description: 'There are more rows than `first`.' })
  hasMore: boolean;
  @Field(() => SpendTotals, { description: 'Of all rows, the ones not shown too.' })
  totals: SpendTotals;
}
