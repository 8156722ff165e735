import { z } from 'zod';
import { isIdType, toGlobalId } from '../../platform/reads/global-id.ts';
import type { AuditEntryRow } from './audit-entry.view.ts';

/** The global id of an entry's target. */
export function targetOf({ targetType, targetId }: Pick<AuditEntryRow, 'targetType' | 'targetId'>): string {
  if (!isIdType(targetType)) throw new Error(`The audit log has an entry of the unknown type ${targetType}.`);
  return toGlobalId(targetType, targetId);
}

/** The details of an entry. A user's id becomes a global id. */
export function detailsOf({ details }: Pick<AuditEntryRow, 'details'>): Record<string, unknown> {
  const stored = z.record(z.string(), z.unknown()).parse(details);
  return typeof stored.userId === 'string'
    ? { ...stored, userId: toGlobalId('User', stored.userId) }
    : stored;
}
