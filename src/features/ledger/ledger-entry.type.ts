import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import type {
  LedgerAccount as AccountName,
  LedgerEntryKind as KindName,
} from '../../platform/db/generated/client.ts';
import { DateScalar, DateTimeScalar } from '../../platform/graphql/scalars.ts';
import { connectionType } from '../../platform/reads/connection.ts';

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
    HOLD: { description: 'A run was asked for: the most that it may cost went from AVAILABLE to HELD.' },
    CHARGE: { description: 'A run has ended: what it cost, as far as it was held, went from HELD to SPENT.' },
    RELEASE: {
      description: 'A run has ended: what was held for it and not spent went back from HELD to AVAILABLE.',
    },
    ADJUST: {
      description:
        'A run cost more than was held, or its cost was put right later: the difference went from AVAILABLE to SPENT, or back.',
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
    'The three accounts of a project. An account holds the sum of its debits less the sum of its credits, so the three of them together always hold 0.',
  valuesConfig: {
    AVAILABLE: {
      description: 'Where all money comes from: below 0 by what is held and spent. Caps are not booked here.',
    },
    HELD: { description: 'Set aside for runs that have not ended, or whose cost is not known yet.' },
    SPENT: { description: 'What runs have cost.' },
  },
});

@ObjectType({
  description:
    'Double-entry: an amount that moved from the account `credit` to the account `debit`. Entries are never changed and never deleted.',
})
export class LedgerEntry {
  @Field(() => LedgerEntryKind, { description: 'Why the amount moved.' })
  kind: KindName;
  @Field(() => LedgerAccount, { description: 'The account that the amount went to.' })
  debit: AccountName;
  @Field(() => LedgerAccount, { description: 'The account that the amount came from.' })
  credit: AccountName;
  @Field(() => DateTimeScalar, { description: "When it was booked, by the database's clock." })
  at: Date;
  @Field(() => String, { description: "The slug of the run's model." })
  model: string;
  @Field(() => String, {
    description:
      "Where the amount is from: `UPPER_BOUND` of a HOLD; otherwise the run's cost source, such as `PROVIDER`.",
  })
  source: string;
}

export const LedgerEntryConnection = connectionType('LedgerEntry', () => LedgerEntry);

@InputType({ description: 'Which entries; all conditions hold.' })
export class LedgerFilter {
  @Field(() => [LedgerEntryKind], { nullable: true, description: 'Any of these.' })
  kinds?: KindName[] | null;
  @Field(() => ID, { nullable: true, description: 'Of this run.' })
  generationId?: string | null;
  @Field(() => ID, { nullable: true, description: 'Of runs of this character.' })
  characterId?: string | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Booked at or after this moment, whenever the run was asked for.',
  })
  from?: Date | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Booked before this moment, whenever the run was asked for.',
  })
  until?: Date | null;
  @Field(() => DateScalar, {
    nullable: true,
    description:
      "Of runs that were asked for on this day, by the project's time zone, or later: the `from` of exports.",
  })
  fromDay?: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description:
      "Of runs that were asked for on this day, by the project's time zone, or earlier: the `to` of exports.",
  })
  toDay?: string | null;
}
