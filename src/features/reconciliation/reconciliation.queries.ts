import { BadArgument } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import {
  checkFirst,
  notACursor,
  openCursor,
  type Page,
  readSlice,
  toPage,
} from '../../platform/reads/page.ts';
import { type Asker, authorizeAdmin } from '../access/authorize.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { listAccounts } from './accounts.ts';
import { auditBooks, type BooksProblem } from './books.ts';
import { type Interval, lifetimeMs, listIntervals } from './intervals.ts';
import { isBalanceShared } from './shared-balance.ts';

/** An interval, and its account. */
export type LineRow = Interval & { readonly account: string };

/** The report about an account, for the admin. */
export interface ReportRow {
  readonly account: string;
  readonly accounts: readonly string[];
  readonly balance: bigint | null;
  readonly observedAt: Date | null;
  readonly isBalanceShared: boolean;
  readonly spent: bigint;
  readonly lines: Page<LineRow>;
}

type Tools = Asker & Uses<'segmind' | 'config'>;

/** The report about an account, by default the server's own. Throws Forbidden, BadArgument. */
export async function readReport(
  ctx: Tools,
  args: { account?: string | null; first: number; after?: string | null },
): Promise<ReportRow> {
  authorizeAdmin(ctx);
  const slice = readSlice(args, readCursor);
  const accounts = await listAccounts(ctx);
  const account = args.account ?? ctx.segmind.accountId;
  if (!accounts.includes(account))
    throw new BadArgument('account must be one of the accounts of the report.');
  const where = { providerAccount: account };
  const last = await ctx.db.balanceObservation.findFirst({
    where,
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
  });
  const { _sum } = await ctx.db.accountTotal.aggregate({ where, _sum: { spentMicros: true } });
  const intervals = await listIntervals(ctx, {
    account,
    lifetimeMs: lifetimeMs(ctx),
    limit: slice.limit + 1,
    before: slice.after,
  });
  const lines = intervals.map((interval) => ({ ...interval, account }));
  return {
    account,
    accounts,
    balance: last?.balanceMicros ?? null,
    observedAt: last?.at ?? null,
    isBalanceShared: await isBalanceShared(ctx, account),
    spent: _sum.spentMicros ?? 0n,
    lines: toPage(slice, lines, cursorOf, async () =>
      Math.max(0, (await ctx.db.balanceObservation.count({ where })) - 1),
    ),
  };
}

function cursorOf({ id }: LineRow): string {
  return Buffer.from(`BalanceObservation:${id}`).toString('base64url');
}

function readCursor(argument: string, cursor: string): bigint {
  const [, digits] = /^BalanceObservation:([1-9]\d{0,17})$/.exec(openCursor(cursor)) ?? [];
  if (digits !== undefined) return BigInt(digits);
  throw notACursor(argument, cursor);
}

/** The runs that may explain a line: those submitted in its time that are UNCERTAIN, or whose cost is unknown. */
export async function listCandidates(
  ctx: Asker,
  { account, from, to }: LineRow,
  first: number,
): Promise<GenerationRow[]> {
  authorizeAdmin(ctx);
  checkFirst(first);
  return ctx.db.generation.findMany({
    where: {
      providerAccount: account,
      attemptedAt: { gt: from, lte: to },
      OR: [{ status: 'UNCERTAIN' }, { status: { in: ['COMPLETED', 'FAILED'] }, costMicros: null }],
    },
    orderBy: [{ attemptedAt: 'asc' }, { id: 'asc' }],
    take: first,
  });
}

/** The values in which the server's books disagree; each is a fault of this server. Throws Forbidden. */
export async function listBooksProblems(ctx: Asker): Promise<BooksProblem[]> {
  authorizeAdmin(ctx);
  return auditBooks(ctx.db);
}
