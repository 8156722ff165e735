import { NotFound } from '../../errors.ts';
import type { ApiKey as ApiKeyRow } from '../../platform/db/generated/client.ts';
import { type Asker, authorize, isAllowed } from '../access/authorize.ts';
import type { Action } from '../access/policy.ts';
import { readable } from '../access/readable.ts';
import { apiKeyView } from './api-key.view.ts';

export type { ApiKeyRow };

/**
 * The key with this row id. Owners find each key of their project, members their own keys, a key only itself. Throws
 * NotFound, also for non-members, and Forbidden.
 */
export async function findApiKey(ctx: Asker, id: string): Promise<ApiKeyRow> {
  const key = await loadApiKey(ctx, id);
  if (!key) throw new NotFound('ApiKey');
  await authorize(ctx, key.projectId, actionToSee(ctx, key), 'ApiKey');
  return key;
}

/** The same; null where findApiKey throws. */
export async function apiKeyIfVisible(ctx: Asker, id: string): Promise<ApiKeyRow | null> {
  const key = await loadApiKey(ctx, id);
  return key && (await isAllowed(ctx, key.projectId, actionToSee(ctx, key))) ? key : null;
}

async function loadApiKey(ctx: Asker, id: string): Promise<ApiKeyRow | null> {
  return ctx.loaders
    .of('apiKeys', async (ids) => {
      const rows = await ctx.db.apiKey.findMany({ where: { id: { in: ids } } });
      return rows.map((row) => [row.id, row] as const);
    })
    .load(id);
}

function actionToSee(ctx: Pick<Asker, 'viewer'>, key: ApiKeyRow): Action {
  const isItself = ctx.viewer.kind === 'API_KEY' && ctx.viewer.apiKeyId === key.id;
  return isItself ? 'READ_PROJECT' : actionOn(ctx, key);
}

/** The action that a viewer needs to read or revoke a key. */
export function actionOn(ctx: Pick<Asker, 'viewer'>, key: ApiKeyRow): Action {
  return isOwn(ctx, key) ? 'USE_OWN_API_KEYS' : 'MANAGE_API_KEYS';
}

function isOwn({ viewer }: Pick<Asker, 'viewer'>, key: ApiKeyRow): boolean {
  return viewer.kind === 'USER' && viewer.userId === key.userId;
}

/** The keys that entries of an audit log name, for viewers who may read the log. */
export const auditedApiKeys = readable(apiKeyView, 'ApiKey', findAuditedApiKey, 'READ_AUDIT_LOG');

async function findAuditedApiKey(ctx: Asker, id: string): Promise<ApiKeyRow> {
  const key = await loadApiKey(ctx, id);
  if (!key) throw new NotFound('ApiKey');
  await authorize(ctx, key.projectId, 'READ_AUDIT_LOG', 'ApiKey');
  return key;
}

/** The API key that the viewer sent, or null. A key may always see itself. */
export async function viewersApiKey(ctx: Pick<Asker, 'db' | 'viewer'>): Promise<ApiKeyRow | null> {
  if (ctx.viewer.kind !== 'API_KEY') return null;
  return ctx.db.apiKey.findUnique({ where: { id: ctx.viewer.apiKeyId } });
}
