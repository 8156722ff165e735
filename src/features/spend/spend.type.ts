import { ArgsType, Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { DateScalar, DecimalScalar, SafeIntScalar } from '../../platform/graphql/scalars.ts';
import { GenerationStatus } from '../generations/generation.type.ts';
import type { GenerationStatus as Status } from '../generations/generation-state.ts';
import { type SpendGrouping as Grouping, spendGroupings } from './grouping.ts';

/** The groupings, as a GraphQL enum. */
const SpendGrouping = Object.fromEntries(spendGroupings.map((each) => [each, each]));
registerEnumType(SpendGrouping, {
  name: 'SpendGrouping',
  description: 'What the rows of a report are grouped by. Only one of DAY, WEEK and MONTH may be given.',
  valuesConfig: {
    DAY: { description: 'The day on which the runs were requested, by the time zone of their project.' },
    WEEK: { description: 'The week, from Monday, in which the runs were requested.' },
    MONTH: { description: 'The month in which the runs were requested.' },
    PROJECT: {
      description: 'The project. Of use only to the admin, who can read the spend of all projects.',
    },
    MODEL: { description: 'The model of the runs.' },
    CHARACTER: { description: 'The character of the runs.' },
    MEMBER: {
      description:
        'The user who requested the runs, also with a PERSONAL key. Runs of the admin and of SERVICE keys have no user.',
    },
    API_KEY: { description: 'The API key that the runs were requested with.' },
    STATUS: { description: 'The status in which the runs ended.' },
  },
});

@InputType({
  description:
    'Restricts the runs that count. A run must meet all conditions. An id of another project matches no run.',
})
export class SpendFilter {
  @Field(() => [String], { nullable: true, description: 'Runs of one of these models, by their slugs.' })
  models?: string[] | null;
  @Field(() => [ID], { nullable: true, description: 'Runs of one of these characters.' })
  characterIds?: string[] | null;
  @Field(() => [ID], {
    nullable: true,
    description:
      'Runs that one of these users requested, also with PERSONAL keys, and also when the user has left the project.',
  })
  userIds?: string[] | null;
  @Field(() => [ID], { nullable: true, description: 'Runs that were requested with one of these API keys.' })
  apiKeyIds?: string[] | null;
  @Field(() => [GenerationStatus], {
    nullable: true,
    description: 'Runs that ended in one of these states: COMPLETED, FAILED, CANCELED.',
  })
  statuses?: Status[] | null;
  @Field(() => [ID], { nullable: true, description: 'Runs of one of these projects.' })
  projectIds?: string[] | null;
}

/** The arguments of a report of spending. */
@ArgsType()
export class SpendArgs {
  @Field(() => DateScalar, {
    description: 'The first day, by the time zone of the project, or of each project for all projects.',
  })
  from: string;
  @Field(() => DateScalar, { description: 'The last day: not before `from`, and at most ten years later.' })
  to: string;
  @Field(() => [SpendGrouping], {
    defaultValue: [],
    description: 'What the rows are grouped by. Left out: one row for all runs.',
  })
  groupBy: Grouping[];
  @Field(() => SpendFilter, {
    nullable: true,
    description: 'Restricts the runs that count. Left out: all runs.',
  })
  filter?: SpendFilter | null;
  @Field(() => Int, { defaultValue: 100, description: 'The number of rows: 1 to 1000.' })
  first: number;
}

@ObjectType({ description: 'What was spent on a set of runs.' })
export class SpendTotals {
  @Field(() => DecimalScalar, {
    description: 'US dollars that the runs cost: those that have ended and whose cost is known.',
  })
  amount: bigint;
  @Field(() => SafeIntScalar, { description: 'The number of runs that have ended.' })
  runs: number;
  @Field(() => SafeIntScalar, { description: 'The number of runs that FAILED.' })
  failures: number;
  @Field(() => SafeIntScalar, { description: 'The number of pictures of the runs.' })
  pictures: number;
  @Field(() => SafeIntScalar, { description: 'The number of pictures that are not rated DISCARDED.' })
  keptPictures: number;
  @Field(() => Float, {
    nullable: true,
    description:
      "The median of the compute time, in seconds as the provider reports them. Estimated from a histogram, to three digits: at most 20 % off, from a quarter of a second to three hours. Null when no run's time is known.",
  })
  medianSeconds: number | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'US dollars for each picture. Null without pictures.',
  })
  costPerPicture: bigint | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'US dollars for each picture that is not rated DISCARDED. Null when there are none.',
  })
  costPerKeptPicture: bigint | null;
}

@ObjectType({
  description:
    'What was spent on one group of runs. A field that the report is not grouped by is null. An object that no longer exists, or that the viewer may not read, is null too, but the field with its id is not.',
})
export class SpendRow extends SpendTotals {
  @Field(() => DateScalar, {
    nullable: true,
    description:
      'The day, or the first day of the week or month, which may be before `from`. Null when not grouped by DAY, WEEK or MONTH.',
  })
  startsOn: string | null;
  @Field(() => GenerationStatus, {
    nullable: true,
    description: 'The status in which the runs ended. Null when not grouped by STATUS.',
  })
  status: Status | null;
}

@ObjectType({ description: 'The expected spend if spending continues as in the last days.' })
export class SpendForecast {
  @Field(() => DateScalar, { description: 'The last day of the report.' })
  until: string;
  @Field(() => DecimalScalar, {
    description:
      'US dollars expected by the end of `until`: the amount of the report, and `perDay` for each day of the report after today.',
  })
  amount: bigint;
  @Field(() => DecimalScalar, {
    description:
      'US dollars a day: the mean of the last 28 full days, or of the days since the first spend when those are fewer. On the very first day: what was spent on it so far.',
  })
  perDay: bigint;
  @Field(() => DateScalar, {
    nullable: true,
    description:
      'The first day on which one of the budgets with the scope PROJECT has nothing left in its current period, whatever the filter. Null when none runs out, and for all projects together.',
  })
  budgetRunsOutOn: string | null;
}

@ObjectType({ description: 'What was spent from one day to another.' })
export class SpendReport {
  @Field(() => [SpendRow], {
    description: 'The rows, ordered by time, then by amount, the largest first: at most `first` of them.',
  })
  rows: SpendRow[];
  @Field(() => Boolean, { description: 'Whether there are more rows than `first`.' })
  hasMore: boolean;
  @Field(() => SpendTotals, { description: 'The totals of all rows, including those that are not shown.' })
  totals: SpendTotals;
}
