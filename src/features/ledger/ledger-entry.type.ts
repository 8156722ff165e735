import { ArgsType, Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import type {
  LedgerAccount as AccountName,
  LedgerEntryKind as KindName,
} from '../../platform/db/generated/client.ts';
import { DateScalar, DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { connectionType, PageArgs } from '../../platform/reads/connection.ts';

/** Why an amount moves, as GraphQL's enum. */
export const LedgerEntryKind = {
  HOLD: 'HOLD',
  CHARGE: 'CHARGE',
  RELEASE: 'RELEASE',
  ADJUST: 'ADJUST',
} satisfies Record<KindName, KindName>;
registerEnumType(LedgerEntryKind, {
  name: 'LedgerEntryKind',
  description: 'Why an amount moved.',
  valuesConfig: {
    HOLD: { description: 'A run was requested: the amount set aside for it moved from AVAILABLE to HELD.' },
    CHARGE: { description: 'A run has ended: its cost, up to the amount held, moved from HELD to SPENT.' },
    RELEASE: {
      description: 'A run has ended: what was held for it and not spent moved back from HELD to AVAILABLE.',
    },
    ADJUST: {
      description:
        'A run cost more than was held, or its cost was corrected later: the difference moved from AVAILABLE to SPENT, or back.',
    },
  },
});

/** The accounts of the ledger, as GraphQL's enum. */
export const LedgerAccount = {
  AVAILABLE: 'AVAILABLE',
  HELD: 'HELD',
  SPENT: 'SPENT',
} satisfies Record<AccountName, AccountName>;
registerEnumType(LedgerAccount, {
  name: 'LedgerAccount',
  description:
    'The three accounts of a project. The balance of an account is the sum of its debits minus the sum of its credits, so the balances of the three accounts always add up to 0.',
  valuesConfig: {
    AVAILABLE: {
      description:
        "The source of all amounts: its balance is below 0 by what is held and spent. Budgets' caps are not booked here.",
    },
    HELD: { description: 'Amounts set aside for runs that have not ended, or whose cost is not known yet.' },
    SPENT: { description: 'The cost of runs.' },
  },
});

@ObjectType({
  description:
    'An entry of the double-entry ledger: an amount that moved from the account `credit` to the account `debit`. Entries are never changed and never deleted.',
})
export class LedgerEntry {
  @Field(() => LedgerEntryKind, { description: 'Why the amount moved.' })
  kind: KindName;
  @Field(() => LedgerAccount, { description: 'The account that the amount went to.' })
  debit: AccountName;
  @Field(() => LedgerAccount, { description: 'The account that the amount came from.' })
  credit: AccountName;
  @Field(() => DateTimeScalar, { description: "When the entry was booked, by the database's clock." })
  at: Date;
  @Field(() => String, { description: "The slug of the run's model." })
  model: string;
  @Field(() => String, {
    description:
      "The source of the amount: `UPPER_BOUND` for a HOLD; otherwise the run's cost source, such as `PROVIDER`.",
  })
  source: string;
}

export const LedgerEntryConnection = connectionType('LedgerEntry', () => LedgerEntry);

@InputType({ description: 'Restricts the ledger entries. An entry must meet all conditions.' })
export class LedgerFilter {
  @Field(() => [LedgerEntryKind], { nullable: true, description: 'Entries of one of these kinds.' })
  kinds?: KindName[] | null;
  @Field(() => ID, { nullable: true, description: 'Entries of the run with this id.' })
  generationId?: string | null;
  @Field(() => ID, { nullable: true, description: 'Entries of runs of the character with this id.' })
  characterId?: string | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Entries booked at or after this moment, whenever the run was requested.',
  })
  from?: Date | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Entries booked before this moment, whenever the run was requested.',
  })
  until?: Date | null;
  @Field(() => DateScalar, {
    nullable: true,
    description:
      "Entries of runs that were requested on this day or later, by the project's time zone. The same as `from` of the exports.",
  })
  fromDay?: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description:
      "Entries of runs that were requested on this day or earlier, by the project's time zone. The same as `to` of the exports.",
  })
  toDay?: string | null;
}

/** Which page of which entries. */
@ArgsType()
export class LedgerPageArgs extends PageArgs {
  @Field(() => LedgerFilter, {
    nullable: true,
    description: 'Restricts the entries. Left out: all entries.',
  })
  filter?: LedgerFilter | null;
}
