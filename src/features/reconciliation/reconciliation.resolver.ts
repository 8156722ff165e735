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
      'A provider account beside the books. Every amount that the balance lost and nobody can explain is in a line. For the admin; others: FORBIDDEN.',
  })
  reconciliation(
    @Ctx() ctx: Context,
    @Arg('first', () => Int, { description: 'How many lines at the most: 1 to 100.' }) first: number,
    @Arg('account', () => String, {
      nullable: true,
      description: "The account; the server's own by default.",
    })
    account: string | null,
    @Arg('after', () => String, { nullable: true, description: "A page's `endCursor`, to go on behind it." })
    after: string | null,
  ) {
    return readReport(ctx, { account, first, after });
  }

  @Mutation(() => ReconcilePayload, {
    description:
      'Observes the balance of a provider account now, asks what became of uncertain runs, and settles what is proven. The server does the same regularly. For the admin; others: FORBIDDEN. User error: NOT_REACHED.',
  })
  reconcile(
    @Ctx() ctx: Context,
    @Arg('input', () => ReconcileInput, { description: 'Which account.' }) input: ReconcileInput,
  ) {
    return toPayload('report', reconcile(ctx, input));
  }

  @Extensions({ points: 1_000, items: 1 })
  @FieldResolver(() => [BooksProblem], {
    description:
      'Where the books disagree with each other, at most 100: empty, or there is a fault. Reads the whole ledger.',
  })
  books(@Ctx() ctx: Context) {
    return listBooksProblems(ctx);
  }
}

@Resolver(() => ReconciliationLine)
export class ReconciliationLineResolver {
  @FieldResolver(() => DecimalScalar, { description: 'By how much the balance fell; below 0 for a rise.' })
  fell(@Root() line: LineRow): bigint {
    return fallOf(line);
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'What the books explain: of a quiet line what the runs handed over in it have cost, by what is known now; of others what was booked in it.',
  })
  explained(@Root() line: LineRow): bigint {
    return line.isQuiet ? line.costMicros : line.bookedMicros;
  }

  @FieldResolver(() => DecimalScalar, {
    nullable: true,
    description:
      'What nobody can explain; below 0 where more was booked than the balance lost. Null while open runs may account for it.',
  })
  unexplained(@Root() line: LineRow): bigint | null {
    return unexplainedOf(line);
  }

  @FieldResolver(() => Int, {
    description: 'Runs at its end that the provider had, or, UNCERTAIN, may have had.',
  })
  openRuns(@Root() line: LineRow): number {
    return line.openRuns;
  }

  @FieldResolver(() => DecimalScalar, { description: 'What was held for `openRuns`.' })
  openHolds(@Root() line: LineRow): bigint {
    return line.openHolds;
  }

  @FieldResolver(() => [Generation], {
    description:
      'Runs handed over in it whose cost is open: UNCERTAIN ones, and ended ones of which nobody knows what they cost.',
  })
  candidates(
    @Ctx() ctx: Context,
    @Root() line: LineRow,
    @Arg('first', () => Int, { defaultValue: 10, description: 'How many at the most: 1 to 100.' })
    first: number,
  ) {
    return listCandidates(ctx, line, first);
  }
}
