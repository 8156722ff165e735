import { z } from 'zod';
import type { AuditEntry as AuditEntryRow, Prisma } from '../../platform/db/generated/client.ts';
import { idsOf, isIdType, toGlobalId } from '../../platform/reads/global-id.ts';
import {
  notACursor,
  openCursor,
  type Page,
  type Paging,
  readSlice,
  toPage,
} from '../../platform/reads/page.ts';
import { type Asker, authorize, authorizeAdmin } from '../access/authorize.ts';
import { installationLog } from '../access/record-audit.ts';
import type { AuditLogFilter } from './audit-entry.type.ts';

export type { AuditEntryRow };

/** The audit log of a project, newest first, for owners only. Throws NotFound, Forbidden, BadArgument. */
export async function listAuditEntries(
  ctx: Asker,
  projectId: string,
  args: Paging & { filter?: AuditLogFilter | null },
): Promise<Page<AuditEntryRow>> {
  await authorize(ctx, projectId, 'READ_AUDIT_LOG');
  return readLog(ctx, projectId, args);
}

/** The audit log of the installation, newest first, for the admin only. Throws Forbidden, BadArgument. */
export async function listInstallationAuditEntries(ctx: Asker, args: Paging): Promise<Page<AuditEntryRow>> {
  authorizeAdmin(ctx);
  return readLog(ctx, installationLog, args);
}

async function readLog(
  ctx: Asker,
  projectId: string,
  args: Paging & { filter?: AuditLogFilter | null },
): Promise<Page<AuditEntryRow>> {
  const slice = readSlice(args, readCursor);
  const where = { projectId, ...conditions(args.filter ?? {}) };
  const rows = await ctx.db.auditEntry.findMany({
    where: { AND: [where, { sequence: { lt: slice.after ?? undefined, gt: slice.before ?? undefined } }] },
    orderBy: { sequence: slice.fromEnd ? 'asc' : 'desc' },
    take: slice.limit + 1,
  });
  return toPage(slice, slice.fromEnd ? rows.reverse() : rows, writeCursor, () =>
    ctx.db.auditEntry.count({ where }),
  );
}

function conditions(filter: AuditLogFilter): Prisma.AuditEntryWhereInput {
  const { actions, userId, apiKeyId, targetId, from, until } = filter;
  return {
    ...(actions ? { action: { in: actions } } : {}),
    ...(userId != null ? { userId: { in: idsOf([userId], 'User') } } : {}),
    ...(apiKeyId != null ? { apiKeyId: { in: idsOf([apiKeyId], 'ApiKey') } } : {}),
    ...(targetId != null ? { targetId: { in: idsOf([targetId]) } } : {}),
    at: { gte: from ?? undefined, lt: until ?? undefined },
  };
}

/** The global id of an entry's target. */
export function targetOf({ targetType, targetId }: AuditEntryRow): string {
  if (!isIdType(targetType)) throw new Error(`The audit log has an entry of the unknown type ${targetType}.`);
  return toGlobalId(targetType, targetId);
}

/** The details of an entry. A user's id becomes a global id. */
export function detailsOf({ details }: AuditEntryRow): Record<string, unknown> {
  const stored = z.record(z.string(), z.unknown()).parse(details);
  return typeof stored.userId === 'string'
    ? { ...stored, userId: toGlobalId('User', stored.userId) }
    : stored;
}

function writeCursor({ sequence }: AuditEntryRow): string {
  return Buffer.from(String(sequence)).toString('base64url');
}

function readCursor(argument: string, cursor: string): bigint {
  const text = openCursor(cursor);
  if (/^[1-9]\d{0,17}$/.test(text)) return BigInt(text);
  throw notACursor(argument, cursor);
}
