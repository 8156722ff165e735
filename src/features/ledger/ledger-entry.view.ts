import type { Uses } from '../../platform/context.ts';
import { bigint, column, text } from '../../platform/reads/column.ts';
import { type Condition, compares, names } from '../../platform/reads/condition.ts';
import { tables } from '../../platform/reads/generated/tables.ts';
import { idsOf } from '../../platform/reads/global-id.ts';
import type { List } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';
import { entryPrefix } from './entry-id.ts';
import type { LedgerFilter } from './ledger-entry.type.ts';

/** A ledger entry; `number` is its id as a number, by which entries are ordered. */
export const ledgerEntryView = view({
  name: tables.LedgerEntry.name,
  columns: { ...tables.LedgerEntry.columns, id: column('id', text), number: column('id', bigint) },
});

/** An entry as a list has it. */
export type ListedEntry = ReturnType<typeof ledgerEntryView.parse>;

/** The ledger entries of a project in the database's provider environment, newest first. */
export const ledgerOfProject: List<ListedEntry, { readonly filter?: LedgerFilter | null }> = {
  view: ledgerEntryView,
  of: 'projectId',
  by: 'number',
  direction: 'DESC',
  numbered: entryPrefix,
  where: ({ filter }, { segmind }: Uses<'segmind'>) => [
    ...compares('environment', '=', 'text', segmind.environment),
    ...conditions(filter ?? {}),
  ],
};

function conditions({ kinds, generationId, characterId, ...times }: LedgerFilter): readonly Condition[] {
  const { from, until, fromDay, toDay } = times;
  return [
    ...(kinds ? [{ column: 'kind', type: '"LedgerEntryKind"', oneOf: kinds }] : []),
    ...names('generation_id', generationId == null ? null : idsOf([generationId], 'Generation')),
    ...names('character_id', characterId == null ? null : idsOf([characterId], 'Character')),
    ...compares('at', '>=', 'timestamptz', from?.toISOString()),
    ...compares('at', '<', 'timestamptz', until?.toISOString()),
    ...compares('day', '>=', 'date', fromDay),
    ...compares('day', '<=', 'date', toDay),
  ];
}
