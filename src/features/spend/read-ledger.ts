import { dayText } from '../../days.ts';
import { formatMicrosText } from '../../money.ts';
import type { Uses } from '../../platform/context.ts';
import { globalIdOf } from '../../platform/reads/global-id.ts';
import { isoTime } from '../../platform/reads/moment.ts';
import { entryId } from '../ledger/entry-id.ts';
import { type Portions, readPortions, type Span } from './portions.ts';

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

const selected = `l.id, l.project_id, l.generation_id, l.kind, l.debit, l.credit, l.amount_micros, l.at, l.day, l.model,
  l.character_id, l.user_id, l.api_key_id, l.provider_account, l.source`;

/**
 * The entries of a project, or of all projects, in the order in which they were made, up to the newest at the start.
 */
export async function* readLedger(
  ctx: Uses<'db' | 'segmind' | 'reader'>,
  { projectId, from, to, ...span }: Span,
): Portions {
  const { _max: newest } = await ctx.db.ledgerEntry.aggregate({ _max: { id: true } });
  yield* readPortions<typeof ledgerColumns>(
    ctx,
    span,
    (bind, after) => {
      const conditions = [
        ...(projectId === null ? [] : [`l.project_id = ${bind(projectId)}::uuid`]),
        `l.environment = ${bind(ctx.segmind.environment)} AND l.id <= ${bind(String(newest.id ?? 0n))}::bigint`,
        ...(from === null ? [] : [`l.day >= ${bind(dayText(from))}::date`]),
        ...(to === null ? [] : [`l.day <= ${bind(dayText(to))}::date`]),
        ...(after === undefined ? [] : [`l.id > ${bind(after[0] ?? '')}::bigint`]),
      ];
      return `SELECT ${selected} FROM ledger_entries l WHERE ${conditions.join(' AND ')} ORDER BY l.id`;
    },
    ([
      id,
      project,
      run,
      kind,
      debit,
      credit,
      amount,
      at,
      day,
      model,
      character,
      user,
      key,
      account,
      source,
    ]) => [
      entryId({ id: id ?? '' }),
      globalIdOf('Project', project ?? null),
      globalIdOf('Generation', run ?? null),
      kind ?? null,
      debit ?? null,
      credit ?? null,
      formatMicrosText(amount ?? ''),
      isoTime(at ?? ''),
      day ?? null,
      model ?? null,
      globalIdOf('Character', character ?? null),
      globalIdOf('User', user ?? null),
      globalIdOf('ApiKey', key ?? null),
      account ?? null,
      source ?? null,
    ],
  );
}
