import type { Uses } from '../../platform/context.ts';
import { column, text } from '../../platform/reads/column.ts';
import { type Condition, compares, names } from '../../platform/reads/condition.ts';
import { tables } from '../../platform/reads/generated/tables.ts';
import { idsOf } from '../../platform/reads/global-id.ts';
import { type List, unchanging } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';
import { authorizeAdmin } from '../access/authorize.ts';
import { installationLog } from '../access/record-audit.ts';
import type { AuditLogFilter } from './audit-entry.type.ts';

/** An entry of an audit log. Within its log, `id` is its number as text. */
export const auditEntryView = view({
  name: tables.AuditEntry.name,
  columns: { ...tables.AuditEntry.columns, id: column('sequence', text) },
});

export type AuditEntryRow = ReturnType<typeof auditEntryView.parse>;

/** The audit log of a project, newest entry first. */
export const auditLogOfProject: List<AuditEntryRow, { readonly filter?: AuditLogFilter | null }> = {
  view: auditEntryView,
  of: 'projectId',
  by: 'sequence',
  direction: 'DESC',
  numbered: '',
  // Entries stay as they are, and are added in the order of their numbers.
  settled: unchanging(`coalesce((SELECT e.sequence FROM audit_entries e
    WHERE e.project_id = parent.id ORDER BY e.sequence DESC LIMIT 1), 0)`),
  where: ({ filter }) => conditions(filter ?? {}),
};

/** The audit log of the installation, newest entry first. Throws Forbidden for all but the admin. */
export const installationAuditLog: List<AuditEntryRow> = {
  ...auditLogOfProject,
  of: undefined,
  settled: undefined,
  where(_: object, ctx: Uses<'viewer'>) {
    authorizeAdmin(ctx);
    return names('project_id', [installationLog]);
  },
};

function conditions(filter: AuditLogFilter): readonly Condition[] {
  const { actions, userId, apiKeyId, targetId, from, until } = filter;
  return [
    ...(actions ? [{ column: 'action', type: 'text', oneOf: actions }] : []),
    ...names('user_id', userId == null ? null : idsOf([userId], 'User')),
    ...names('api_key_id', apiKeyId == null ? null : idsOf([apiKeyId], 'ApiKey')),
    ...names('target_id', targetId == null ? null : idsOf([targetId])),
    ...compares('at', '>=', 'timestamptz', from?.toISOString()),
    ...compares('at', '<', 'timestamptz', until?.toISOString()),
  ];
}
