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
  @FieldResolver(() => ID, { description: 'Opaque and stable; not for `node`.' })
  id(@Root() entry: LedgerEntryRow): string {
    return entryId(entry);
  }

  @FieldResolver(() => ID, { description: 'The run it was booked for.' })
  generationId(@Root() entry: LedgerEntryRow): string {
    return toGlobalId('Generation', entry.generationId);
  }

  @FieldResolver(() => DecimalScalar, { description: 'How much moved; always above 0.' })
  amount(@Root() entry: LedgerEntryRow): bigint {
    return entry.amountMicros;
  }

  @FieldResolver(() => DateScalar, {
    description: 'The day on which the run was asked for, in the zone that its project had then.',
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
      'Every amount that was booked for it in the present provider environment, the newest first. Not for a VIEWER: FORBIDDEN.',
  })
  ledger(
    @Ctx() ctx: Context,
    @Root() project: ProjectRow,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => LedgerFilter, { nullable: true, description: 'Which entries.' })
    filter: LedgerFilter | null,
  ) {
    return listLedger(ctx, project.id, { ...page, filter });
  }
}
