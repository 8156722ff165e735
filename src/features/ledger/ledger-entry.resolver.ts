import { ID, Resolver } from 'type-graphql';
import { dayText } from '../../days.ts';
import { DateScalar, DecimalScalar } from '../../platform/graphql/scalars.ts';
import { toGlobalId } from '../../platform/reads/global-id.ts';
import type { Page } from '../../platform/reads/page.ts';
import { column, connection, made } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { ofProject } from '../access/readable.ts';
import { Project } from '../projects/project.type.ts';
import { entryId } from './entry-id.ts';
import { LedgerEntry, LedgerEntryConnection, LedgerPageArgs } from './ledger-entry.type.ts';
import { type ListedEntry, ledgerEntryView, ledgerOfProject } from './ledger-entry.view.ts';

@Resolver(() => LedgerEntry)
export class LedgerEntryResolver {
  @Reads(made(ledgerEntryView, ['id'], entryId), () => ID, {
    description: 'The id of the entry. Opaque and stable; `node` does not accept it.',
  })
  readonly id: string;

  @Reads(
    made(ledgerEntryView, ['generationId'], ({ generationId }) => toGlobalId('Generation', generationId)),
    () => ID,
    { description: 'The id of the run that the amount was booked for.' },
  )
  readonly generationId: string;

  @Reads(column(ledgerEntryView, 'amountMicros'), () => DecimalScalar, {
    description: 'The amount in US dollars; always above 0.',
  })
  readonly amount: bigint;

  @Reads(
    made(ledgerEntryView, ['day'], ({ day }) => dayText(day)),
    () => DateScalar,
    { description: 'The day on which the run was requested, in the time zone that its project had then.' },
  )
  readonly day: string;
}

@Resolver(() => Project)
export class ProjectLedgerResolver {
  @Reads(connection(ofProject('READ_SPEND'), ledgerOfProject), () => LedgerEntryConnection, {
    args: () => LedgerPageArgs,
    nullable: true,
    description:
      'All ledger entries of the project in the current provider environment, newest first. A VIEWER gets FORBIDDEN.',
  })
  readonly ledger: Page<ListedEntry>;
}
