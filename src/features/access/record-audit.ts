import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { locks } from '../../platform/db/locks.ts';
import { nilId } from '../../platform/db/nil-id.ts';
import type { IdType } from '../../platform/reads/global-id.ts';

/*
 * An audit entry is written in the transaction of the act, under the lock of the project's row. A trigger numbers
 * it, dates it and chains its hash to the one before; others refuse UPDATE, DELETE and TRUNCATE. It has no foreign
 * key to its project, so it is still there when the project is gone. Its details are roles, models and prefixes,
 * never a user's words, because an entry is kept for ever. Acts on the installation have their own log, under the nil
 * id; an advisory lock takes the place of the project's row.
 */

/** All actions that the audit log records. */
export const auditActions = [
  'PROJECT_CREATED',
  'PROJECT_ARCHIVED',
  'PROJECT_RESTORED',
  'PROJECT_DELETION_REQUESTED',
  'MEMBER_INVITED',
  'INVITATION_WITHDRAWN',
  'INVITATION_ACCEPTED',
  'MEMBER_ROLE_CHANGED',
  'MEMBER_REMOVED',
  'API_KEY_CREATED',
  'API_KEY_REVOKED',
  'PROVIDER_KEY_SET',
  'PROVIDER_KEY_REMOVED',
  'IMAGE_UPLOADED',
  'CHARACTER_CREATED',
  'CHARACTER_UPDATED',
  'CHARACTER_ARCHIVED',
  'REFERENCE_IMAGE_ADDED',
  'REFERENCE_IMAGE_REMOVED',
  'GENERATION_REQUESTED',
  'GENERATION_CANCELED',
  'GENERATION_APPROVED',
  'GENERATION_REJECTED',
  'GENERATION_RESOLVED',
  'BUDGET_CREATED',
  'BUDGET_UPDATED',
  'BUDGET_REMOVED',
  'PROJECT_LIMITS_UPDATED',
  'PROJECT_UPDATED',
  'USER_EXPORTED',
  'USER_FORGOTTEN',
] as const;
export type AuditAction = (typeof auditActions)[number];

/** What was done, and to what. The actor is a separate argument. */
interface AuditedAct {
  readonly projectId: string;
  readonly action: AuditAction;
  readonly target: { readonly type: IdType; readonly id: string };
  /** Roles, models and prefixes, which are safe to keep for ever. Never a secret, never a user's words. */
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

/**
 * Records who did what in the caller's transaction, so that an act is in the log if, and only if, it happened. The
 * database numbers the entry, dates it, and chains it to the entry before, under the lock of the project's row.
 */
export async function recordAudit(tx: Transaction, viewer: Viewer, act: AuditedAct): Promise<void> {
  const userId = viewer.kind === 'ADMIN' ? null : viewer.userId;
  const apiKeyId = viewer.kind === 'API_KEY' ? viewer.apiKeyId : null;
  await tx.$executeRaw`
    INSERT INTO audit_entries (project_id, sequence, actor_kind, user_id, api_key_id, action, target_type, target_id,
      details, previous_hash, hash)
    VALUES (${act.projectId}::uuid, 0, ${viewer.kind}, ${userId}::uuid, ${apiKeyId}::uuid, ${act.action},
      ${act.target.type}, ${act.target.id}::uuid, ${JSON.stringify(act.details ?? {})}::jsonb, '', '')`;
}

/** The id of the log of acts on the installation, in place of a project's id. */
export const installationLog = nilId;

/** The same for an act on the installation. No project's row keeps these entries in order, so an advisory lock does. */
export async function recordInstallationAct(
  tx: Transaction,
  viewer: Viewer,
  act: Omit<AuditedAct, 'projectId'>,
): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(${locks.installationLog})`;
  await recordAudit(tx, viewer, { ...act, projectId: installationLog });
}
