import type { LedgerEntry as LedgerEntryRow } from '../../platform/db/generated/client.ts';
import { type Asker, isAllowed } from '../access/authorize.ts';

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
