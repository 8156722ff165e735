import { createHash } from 'node:crypto';

/** An entry of the audit log as the database prints it, so that nothing is rounded or formatted on the way. */
export interface StoredEntry {
  readonly project: string;
  readonly sequence: string;
  /** Seconds since 1970, with six decimals. */
  readonly at: string;
  readonly actorKind: string;
  readonly userId: string | null;
  readonly apiKeyId: string | null;
  readonly action: string;
  readonly targetType: string;
  readonly targetId: string;
  readonly details: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** The columns of a StoredEntry. */
export const entryColumns = `project_id::text AS project, sequence::text, extract(epoch FROM at)::text AS at,
  actor_kind AS "actorKind", user_id::text AS "userId", api_key_id::text AS "apiKeyId", action, target_type AS "targetType",
  target_id::text AS "targetId", details::text, previous_hash AS "previousHash", hash`;

/** The previous hash of a project's first entry. */
export const firstPreviousHash = '0'.repeat(64);

/**
 * The hash that an entry must have. It is computed here and not by the database, because a person who can change
 * entries there can change its functions too. It covers the same bytes as in `audit_entry_hash`: a JSON array as
 * `jsonb` prints it.
 */
export function hashOf(entry: StoredEntry): string {
  const { project, sequence, details } = entry;
  const before = [entry.previousHash, project].map(text);
  const after = [
    entry.at,
    entry.actorKind,
    entry.userId,
    entry.apiKeyId,
    entry.action,
    entry.targetType,
    entry.targetId,
  ].map(text);
  return createHash('sha256')
    .update(`[${[...before, sequence, ...after, details].join(', ')}]`)
    .digest('hex');
}

/** A value as JSON. Postgres escapes the same characters in the same way. */
function text(value: string | null): string {
  return JSON.stringify(value);
}
