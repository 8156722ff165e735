import { Field, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { payloadType } from '../../platform/graphql/payload.ts';
import { DateTimeScalar, DecimalScalar } from '../../platform/graphql/scalars.ts';
import { connectionType } from '../../platform/reads/connection.ts';
import { booksProblemKinds, type BooksProblem as Problem } from './books.ts';

/** What each kind of problem compares. */
export const booksProblemDescriptions: Record<Problem['kind'], { readonly description: string }> = {
  RUN_HOLD: { description: "The amount held for a run: the run's row, and the ledger." },
  RUN_COST: { description: "The cost of a run: the run's row, and the ledger." },
  RUN_MISSING: {
    description: 'A run that the ledger has entries of: 1 run by the ledger, and 0 runs in its project.',
  },
  LEDGER_ENTRY: {
    description:
      'An entry of the ledger, named by its number: its accounts do not fit its kind, or it contradicts the row of its run.',
  },
  BUDGET_SETTLED: {
    description: 'The amount spent of a budget in a period: the ledger, and the row of the period.',
  },
  BUDGET_HELD: {
    description: 'The amount held of a budget in a period: the ledger, and the row of the period.',
  },
  BUDGET_CAP: {
    description: "The cap of a budget: the budget's row, and the row of a period that has not ended.",
  },
  BUDGET_MISSING: {
    description:
      'The amount held for a run: the ledger, and a budget that covers the run and has no period for it.',
  },
  ACCOUNT_TOTAL: {
    description: "The amount spent with a provider account: the ledger, and the account's total.",
  },
  ROLLUP: { description: 'The amount spent on a day: the ledger, and the spend reports.' },
  ROLLUP_COUNTS: {
    description:
      'The runs, failures, pictures and discarded pictures of a day: the rows of the runs, and the spend reports.',
  },
  SLOTS: {
    description: "How many runs of a project are under way: the rows of the runs, and the project's row.",
  },
};
const BooksProblemKind = Object.fromEntries(booksProblemKinds.map((kind) => [kind, kind]));
registerEnumType(BooksProblemKind, {
  name: 'BooksProblemKind',
  description: 'The two records that contradict each other: first that of `expected`, then that of `found`.',
  valuesConfig: booksProblemDescriptions,
});

@ObjectType({
  description: 'Two records of the server that contradict each other. This is a fault of the server.',
})
export class BooksProblem {
  @Field(() => BooksProblemKind, { description: 'The records that contradict each other.' })
  kind: Problem['kind'];
  @Field(() => String, {
    description: 'The object that the records are about: row ids, and for some kinds a time or a day.',
  })
  subject: string;
  @Field(() => String, {
    description:
      'The value by the first record, as text: micro-dollars; a number of runs for SLOTS and RUN_MISSING; four counts for ROLLUP_COUNTS; a sentence for LEDGER_ENTRY.',
  })
  expected: string;
  @Field(() => String, {
    description:
      'The value by the second record, as text in the same form; for LEDGER_ENTRY the content of the entry.',
  })
  found: string;
}

@ObjectType({
  description:
    "The time between two observations of an account's balance. An observation is quiet when the provider has no run at that moment. A line that ends with a quiet observation begins with the last quiet one before it, so these lines follow each other without gaps. Any other line begins with the observation before.",
})
export class ReconciliationLine {
  @Field(() => DateTimeScalar, { description: 'The time of the first observation.' })
  from: Date;
  @Field(() => DateTimeScalar, { description: 'The time of the second observation.' })
  to: Date;
  @Field(() => Boolean, {
    description:
      'Whether the provider had no run, except UNCERTAIN runs, at either observation. Then `unexplained` is exact.',
  })
  isQuiet: boolean;
  @Field(() => DecimalScalar, { description: 'US dollars at the first observation, including free credits.' })
  balanceBefore: bigint;
  @Field(() => DecimalScalar, {
    description: 'US dollars at the second observation, including free credits.',
  })
  balanceAfter: bigint;
  /** Not a field itself; fields of the resolver use it. */
  readonly id: bigint;
}

const ReconciliationLineConnection = connectionType('ReconciliationLine', () => ReconciliationLine);

@ObjectType({
  description:
    "A comparison of a provider account with the ledger, and of the server's records with each other.",
})
export class ReconciliationReport {
  @Field(() => String, { description: 'The name of the account. It does not reveal the key.' })
  account: string;
  @Field(() => [String], {
    description:
      "The names of all known accounts in the current provider environment, the server's own account first.",
  })
  accounts: string[];
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'US dollars when the balance was last observed, including free credits. Null before the first observation.',
  })
  balance: bigint | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the balance was last observed. Null before the first observation.',
  })
  observedAt: Date | null;
  @Field(() => Boolean, {
    description:
      'Whether another account reported exactly the same balance. The two are then probably one account, and a fall of the balance proves nothing about the runs of either.',
  })
  isBalanceShared: boolean;
  @Field(() => DecimalScalar, {
    description: 'US dollars that the ledger has booked as spent with the account.',
  })
  spent: bigint;
  @Field(() => ReconciliationLineConnection, { description: 'The times between observations, newest first.' })
  lines: unknown;
}

@InputType({ description: 'The account to observe now.' })
export class ReconcileInput {
  @Field(() => String, {
    nullable: true,
    description:
      "The name of the account, one of `accounts` of the report. Left out: the server's own account. User error: NOT_REACHED when the server has no key of the account, or the provider does not respond properly.",
  })
  account?: string | null;
}

export const ReconcilePayload = payloadType(
  'Reconcile',
  'report',
  () => ReconciliationReport,
  'The report after the observation, with its newest 20 lines.',
);
