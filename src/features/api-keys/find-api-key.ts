import type { FindApiKey } from '../../platform/auth/authenticate.ts';
import type { Role } from '../../platform/auth/role.ts';
import type { Uses } from '../../platform/context.ts';
import { choice, moment, texts } from '../../platform/reads/column.ts';
import { arrayText } from '../../platform/reads/condition.ts';

const roleColumn = choice<Role>({ VIEWER: 'VIEWER', EDITOR: 'EDITOR', OWNER: 'OWNER' });

// A use is recorded at most once a minute, so that a busy key does not cost a write for each request.
const statement = `SELECT k.secret_hash, k.id, k.user_id, k.project_id, k.effective_role, array_to_json(k.allowed_models), k.expires_at,
  k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute'
FROM live_api_keys k WHERE k.secret_hash = ANY($1::bpchar[])`;

/** Asks the database each time, so that a revoked key stops working at once. */
export function createFindApiKey({ db, reader }: Uses<'db' | 'reader'>): FindApiKey {
  return async (hash) => {
    const row = await reader.readOne('keys', hash, (hashes) => ({
      text: statement,
      values: [arrayText(hashes)],
    }));
    if (!row) return null;
    const [, apiKeyId, userId, projectId, role, models, expiresAt, isStale] = row;
    if (!apiKeyId || !projectId) throw new Error('A key without an id or a project.');
    if (isStale === 't')
      // The condition is checked again: another request may have recorded the use while this one waited for the row.
      await db.$executeRaw`
        UPDATE api_keys SET last_used_at = now() WHERE id = ${apiKeyId}::uuid
          AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`;
    return {
      kind: 'API_KEY',
      apiKeyId,
      userId: userId ?? null,
      projectId,
      role: roleColumn.parse(role ?? ''),
      allowedModels: texts.parse(models ?? '[]'),
      expiresAt: expiresAt == null ? null : moment.parse(expiresAt),
    };
  };
}
