import { Arg, Args, Ctx, FieldResolver, ID, Resolver, Root } from 'type-graphql';
import { dayText } from '../../days.ts';
import type { Context } from '../../platform/context.ts';
import { DateScalar, DecimalScalar } from '../../platform/graphql/scalars.ts';
import { PageArgs } from '../../platform/reads/connection.ts';
import { toGlobalId } from '../../platform/reads/global-id.ts';
import type { ProjectRow } from '../projects/project.queries.ts';
import { Project } from '../projects/project.type.ts';
import { entryId } from './entry-id.ts';
import { type LedgerEntryRow, listLedger } from './ledger-entry.queries.ts';
import { LedgerEntry, LedgerEntryConnection, LedgerFilter } from './ledger-entry.type.ts';

@Resolver(() => LedgerEntry)
export class LedgerEntryResolver {
  @FieldResolver(() => ID, {
    description: 'The id of the entry. Opaque and stable; `node` does not accept it.',
  })
  id(@Root() entry: LedgerEntryRow): string {
    return entryId(entry);
  }

  @FieldResolver(() => ID, { description: 'The id of the run that the amount was booked for.' })
  generationId(@Root() entry: LedgerEntryRow): string {
    return toGlobalId('Generation', entry.generationId);
  }

  @FieldResolver(() => DecimalScalar, { description: 'The amount in US dollars; always above 0.' })
  amount(@Root() entry: LedgerEntryRow): bigint {
    return entry.amountMicros;
  }

  @FieldResolver(() => DateScalar, {
    description: 'The day on which the run was requested, in the time zone that its project had then.',
  })
  day(@Root() entry: LedgerEntryRow): string {
    return dayText(entry.day);
  }
}

@Resolver(() => Project)
export class ProjectLedgerResolver {
  @FieldResolver(() => LedgerEntryConnection, {
    nullable: true,
    description:
      'All ledger entries of the project in the current provider environment, newest first. A VIEWER gets FORBIDDEN.',
  })
  ledger(
    @Ctx() ctx: Context,
    @Root() project: ProjectRow,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => LedgerFilter, {
      nullable: true,
      description: 'Restricts the entries. Left out: all entries.',
    })
    filter: LedgerFilter | null,
  ) {
    return listLedger(ctx, project.id, { ...page, filter });
  }
}
