import { dayText } from '../../days.ts';
import { formatMicros } from '../../money.ts';
import type { Uses } from '../../platform/context.ts';
import { globalIdOf } from '../../platform/reads/global-id.ts';
import { entryId } from '../ledger/entry-id.ts';
import type { Portions, Span } from './portions.ts';

/** The columns of the export of the ledger. */
export const ledgerColumns = [
  'id',
  'projectId',
  'generationId',
  'kind',
  'debit',
  'credit',
  'amount',
  'at',
  'day',
  'model',
  'characterId',
  'userId',
  'apiKeyId',
  'providerAccount',
  'source',
] as const;

/**
 * The entries of a project, or of all projects, in the order in which they were made, up to the newest at the start.
 */
export async function* readLedger(
  { db, segmind }: Uses<'db' | 'segmind'>,
  span: Span,
): Portions<typeof ledgerColumns> {
  const { _max: newest } = await db.ledgerEntry.aggregate({ _max: { id: true } });
  let after = 0n;
  for (;;) {
    const rows = await db.ledgerEntry.findMany({
      where: {
        projectId: span.projectId ?? undefined,
        environment: segmind.environment,
        id: { gt: after, lte: newest.id ?? 0n },
        day: { gte: span.from ?? undefined, lte: span.to ?? undefined },
      },
      orderBy: { id: 'asc' },
      take: span.portion,
    });
    yield rows.map((row) => ({
      id: entryId(row),
      projectId: globalIdOf('Project', row.projectId),
      generationId: globalIdOf('Generation', row.generationId),
      kind: row.kind,
      debit: row.debit,
      credit: row.credit,
      amount: formatMicros(row.amountMicros),
      at: row.at.toISOString(),
      day: dayText(row.day),
      model: row.model,
      characterId: globalIdOf('Character', row.characterId),
      userId: globalIdOf('User', row.userId),
      apiKeyId: globalIdOf('ApiKey', row.apiKeyId),
      providerAccount: row.providerAccount,
      source: row.source,
    }));
    const last = rows.at(-1);
    if (!last || rows.length < span.portion) return;
    after = last.id;
  }
}
