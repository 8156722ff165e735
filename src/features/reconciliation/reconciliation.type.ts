import { Field, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar, DecimalScalar } from '../../platform/graphql/scalars.ts';
import { connectionType } from '../../platform/reads/connection.ts';
import { booksProblemKinds, type BooksProblem as Problem } from './books.ts';

/** What each kind of problem compares. */
export const booksProblemDescriptions: Record<Problem['kind'], { readonly description: string }> = {
  RUN_HOLD: { description: "What is set aside: a run's row, and the ledger." },
  RUN_COST: { description: "What it cost: a run's row, and the ledger." },
  RUN_MISSING: { description: 'A run: the ledger has entries of it, and its project has no such run.' },
  LEDGER_ENTRY: {
    description:
      'An entry of the ledger, by its number: its accounts do not fit its kind, or it disagrees with its run.',
  },
  BUDGET_SETTLED: { description: 'What was spent of a budget in a period: the ledger, and the budget.' },
  BUDGET_HELD: { description: 'What is held of a budget in a period: the ledger, and the budget.' },
  BUDGET_CAP: { description: 'The cap: the budget, and its period that is not over.' },
  BUDGET_MISSING: { description: 'What was held: the ledger, and a budget that has no period for it.' },
  ACCOUNT_TOTAL: { description: 'What was spent with a provider account: the ledger, and its total.' },
  ROLLUP: { description: 'What was spent on a day: the ledger, and the analytics.' },
  ROLLUP_COUNTS: {
    description: 'Runs, failures, pictures and discarded pictures of a day: the runs, and the analytics.',
  },
  SLOTS: { description: 'How many runs of a project are under way: the runs, and the project.' },
};
const BooksProblemKind = Object.fromEntries(booksProblemKinds.map((kind) => [kind, kind]));
registerEnumType(BooksProblemKind, {
  name: 'BooksProblemKind',
  description: 'Which two of the books disagree.',
  valuesConfig: booksProblemDescriptions,
});

@ObjectType({ description: 'Something of which our own books disagree: a fault of this server.' })
export class BooksProblem {
  @Field(() => BooksProblemKind, { description: 'Which books.' })
  kind: Problem['kind'];
  @Field(() => String, { description: 'What it is about: row ids, and a day.' })
  subject: string;
  @Field(() => String, {
    description:
      'What the first of the two books says: micro-dollars; a number of runs for SLOTS and RUN_MISSING; four counts for ROLLUP_COUNTS; words for LEDGER_ENTRY.',
  })
  expected: string;
  @Field(() => String, { description: 'What the second of the two books says.' })
  found: string;
}

@ObjectType({
  description:
    "The time between two observations of an account's balance. One that both begins and ends while the provider has no run begins where the last such one ended, so these tile time.",
})
export class ReconciliationLine {
  @Field(() => DateTimeScalar, { description: 'The first observation.' })
  from: Date;
  @Field(() => DateTimeScalar, { description: 'The second observation.' })
  to: Date;
  @Field(() => Boolean, {
    description: 'The provider had no run at either moment, but for UNCERTAIN ones: `unexplained` is exact.',
  })
  isQuiet: boolean;
  @Field(() => DecimalScalar, { description: 'The balance at the first observation, free credits with it.' })
  balanceBefore: bigint;
  @Field(() => DecimalScalar, { description: 'The balance at the second observation.' })
  balanceAfter: bigint;
  /** Not a field itself; fields of the resolver use it. */
  readonly id: bigint;
}

const ReconciliationLineConnection = connectionType('ReconciliationLine', () => ReconciliationLine);

@ObjectType({ description: 'A provider account beside the books, and the books beside each other.' })
export class ReconciliationReport {
  @Field(() => String, { description: "The account's name; tells nothing of its key." })
  account: string;
  @Field(() => [String], { description: "Every account that is known, the server's own first." })
  accounts: string[];
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'The balance when it was last observed, free credits with it; null before.',
  })
  balance: bigint | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When the balance was last observed.' })
  observedAt: Date | null;
  @Field(() => Boolean, {
    description:
      'Another account has told the very same balance: it is probably one and the same, and what it loses proves nothing of either.',
  })
  isBalanceShared: boolean;
  @Field(() => DecimalScalar, { description: 'All that the ledger has spent with it.' })
  spent: bigint;
  @Field(() => ReconciliationLineConnection, { description: 'The time between observations, newest first.' })
  lines: unknown;
}

@InputType({ description: 'The account to look at, now.' })
export class ReconcileInput {
  @Field(() => String, {
    nullable: true,
    description: "Its name, as the report tells it; the server's own by default. User error: NOT_REACHED.",
  })
  account?: string | null;
}

export const ReconcilePayload = payloadType(
  'Reconcile',
  'report',
  () => ReconciliationReport,
  'The report after it, with its newest 20 lines.',
);
