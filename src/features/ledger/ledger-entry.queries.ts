import type { Uses } from '../../platform/context.ts';
import type { LedgerEntry as LedgerEntryRow, Prisma } from '../../platform/db/generated/client.ts';
import { idsOf } from '../../platform/reads/global-id.ts';
import {
  notACursor,
  openCursor,
  type Page,
  type Paging,
  readSlice,
  toPage,
} from '../../platform/reads/page.ts';
import { type Asker, authorize, isAllowed } from '../access/authorize.ts';
import { entryId } from './entry-id.ts';
import type { LedgerFilter } from './ledger-entry.type.ts';

/*
 * A run's row has three facts about money: what is held, whether the run has ended, and what it cost. A trigger
 * turns each change of these into ledger entries, and another trigger adds the entries to each budget that covers the
 * run. So a status and its booking are always written together, by code of any version. A crash can only come before or
 * after both.
 *
 * The ledger is double-entry: each row moves an amount from one account (`credit`) to another (`debit`) of
 * AVAILABLE, HELD and SPENT. It only grows, and it outlives its project: it holds ids and amounts, no words. A hold
 * never changes; a run that is repeated is a new row with a hold of its own.
 */

export type { LedgerEntryRow };

/**
 * The ledger entries of a project in the database's provider environment, newest first. Throws NotFound, Forbidden,
 * BadArgument.
 */
export async function listLedger(
  ctx: Asker & Uses<'segmind'>,
  projectId: string,
  args: Paging & { filter?: LedgerFilter | null },
): Promise<Page<LedgerEntryRow>> {
  await authorize(ctx, projectId, 'READ_SPEND');
  const slice = readSlice(args, readCursor);
  const where = { projectId, environment: ctx.segmind.environment, ...conditions(args.filter ?? {}) };
  const rows = await ctx.db.ledgerEntry.findMany({
    where: { AND: [where, { id: { lt: slice.after ?? undefined, gt: slice.before ?? undefined } }] },
    orderBy: { id: slice.fromEnd ? 'asc' : 'desc' },
    take: slice.limit + 1,
  });
  return toPage(slice, slice.fromEnd ? rows.reverse() : rows, entryId, () =>
    ctx.db.ledgerEntry.count({ where }),
  );
}

/** The ledger entries of a run, in order; read for many runs at once. Null for viewers who may not see the spend. */
export async function ledgerOfGenerationIfVisible(
  ctx: Asker,
  { id, projectId }: { readonly id: string; readonly projectId: string },
): Promise<LedgerEntryRow[] | null> {
  if (!(await isAllowed(ctx, projectId, 'READ_SPEND'))) return null;
  const entries = await ctx.loaders
    .of('ledger of generations', async (ids) => {
      const rows = await ctx.db.ledgerEntry.findMany({
        where: { generationId: { in: ids } },
        orderBy: { id: 'asc' },
      });
      return [...Map.groupBy(rows, (row) => row.generationId)];
    })
    .load(id);
  return entries ?? [];
}

function readCursor(argument: string, cursor: string): bigint {
  const [, digits] = /^LedgerEntry:([1-9]\d{0,17})$/.exec(openCursor(cursor)) ?? [];
  if (digits !== undefined) return BigInt(digits);
  throw notACursor(argument, cursor);
}

function conditions(filter: LedgerFilter): Prisma.LedgerEntryWhereInput {
  const { kinds, generationId, characterId, from, until, fromDay, toDay } = filter;
  return {
    ...(kinds ? { kind: { in: kinds } } : {}),
    ...(generationId != null ? { generationId: { in: idsOf([generationId], 'Generation') } } : {}),
    ...(characterId != null ? { characterId: { in: idsOf([characterId], 'Character') } } : {}),
    at: { gte: from ?? undefined, lt: until ?? undefined },
    day: {
      gte: fromDay == null ? undefined : new Date(fromDay),
      lte: toDay == null ? undefined : new Date(toDay),
    },
  };
}
