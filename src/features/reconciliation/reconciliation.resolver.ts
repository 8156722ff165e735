import { Arg, Ctx, Extensions, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { toPayload } from '../../platform/graphql/payload.ts';
import { DecimalScalar } from '../../platform/graphql/scalars.ts';
import { Generation } from '../generations/generation.type.ts';
import { fallOf, unexplainedOf } from './intervals.ts';
import { reconcile } from './reconcile.ts';
import { type LineRow, listBooksProblems, listCandidates, readReport } from './reconciliation.queries.ts';
import {
  BooksProblem,
  ReconcileInput,
  ReconcilePayload,
  ReconciliationLine,
  ReconciliationReport,
} from './reconciliation.type.ts';

@Resolver(() => ReconciliationReport)
export class ReconciliationResolver {
  @Query(() => ReconciliationReport, {
    nullable: true,
    description:
      'A comparison of a provider account with the ledger. Every amount that the balance lost and that the ledger does not explain is in one of the `lines`. For the admin; others get FORBIDDEN. Error: BAD_USER_INPUT for an unknown account.',
  })
  reconciliation(
    @Ctx() ctx: Context,
    @Arg('first', () => Int, { description: 'The number of lines: 1 to 100.' }) first: number,
    @Arg('account', () => String, {
      nullable: true,
      description: "The name of the account, one of `accounts`. Left out: the server's own account.",
    })
    account: string | null,
    @Arg('after', () => String, {
      nullable: true,
      description: 'The `endCursor` of a page: the lines after it are returned.',
    })
    after: string | null,
  ) {
    return readReport(ctx, { account, first, after });
  }

  @Mutation(() => ReconcilePayload, {
    description:
      'Observes the balance of a provider account now, looks for the outcome of UNCERTAIN runs, and settles what is proven. The server does the same regularly. For the admin; others get FORBIDDEN. User error: NOT_REACHED.',
  })
  reconcile(
    @Ctx() ctx: Context,
    @Arg('input', () => ReconcileInput, { description: 'The account to observe.' }) input: ReconcileInput,
  ) {
    return toPayload('report', reconcile(ctx, input));
  }

  @Extensions({ points: 1_000, items: 1 })
  @FieldResolver(() => [BooksProblem], {
    description:
      'Records of the server that contradict each other, at most 100. Empty unless the server has a fault. Reads the whole ledger, and costs a thousand points.',
  })
  books(@Ctx() ctx: Context) {
    return listBooksProblems(ctx);
  }
}

@Resolver(() => ReconciliationLine)
export class ReconciliationLineResolver {
  @FieldResolver(() => DecimalScalar, {
    description: 'US dollars by which the balance fell; below 0 when it rose.',
  })
  fell(@Root() line: LineRow): bigint {
    return fallOf(line);
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'US dollars of the fall that the ledger explains. For a quiet line: the cost of the runs that were submitted during the line, as known now. For other lines: what was booked during the line.',
  })
  explained(@Root() line: LineRow): bigint {
    return line.isQuiet ? line.costMicros : line.bookedMicros;
  }

  @FieldResolver(() => DecimalScalar, {
    nullable: true,
    description:
      'US dollars of the fall that the ledger does not explain; below 0 when more was booked than the balance lost. Null while open runs may account for the difference.',
  })
  unexplained(@Root() line: LineRow): bigint | null {
    return unexplainedOf(line);
  }

  @FieldResolver(() => Int, {
    description:
      'The number of runs that the provider had, or may have had (UNCERTAIN), at the end of the line.',
  })
  openRuns(@Root() line: LineRow): number {
    return line.openRuns;
  }

  @FieldResolver(() => DecimalScalar, { description: 'US dollars held for the `openRuns`.' })
  openHolds(@Root() line: LineRow): bigint {
    return line.openHolds;
  }

  @FieldResolver(() => [Generation], {
    description:
      'Runs that were submitted during the line and whose cost is unknown, oldest first: UNCERTAIN runs, and ended runs without a cost.',
  })
  candidates(
    @Ctx() ctx: Context,
    @Root() line: LineRow,
    @Arg('first', () => Int, { defaultValue: 10, description: 'The number of runs: 1 to 100.' })
    first: number,
  ) {
    return listCandidates(ctx, line, first);
  }
}
