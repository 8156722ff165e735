import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize } from '../access/authorize.ts';
import { lockProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import { type ApiKeyRow, actionOn, findApiKey } from './api-key.queries.ts';
import type { RevokeApiKeyInput } from './api-key.type.ts';

/** Revokes a key at once and for good. Twice is no error. Throws NotFound, Forbidden. */
export async function revokeApiKey(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'clock'>,
  input: RevokeApiKeyInput,
): Promise<ApiKeyRow> {
  const key = await findApiKey(ctx, fromGlobalId('ApiKey', input.id));
  const { id, projectId, prefix } = key;
  await authorize(ctx, projectId, actionOn(ctx, key), 'ApiKey');
  return ctx.db.$transaction(async (tx) => {
    await lockProject(tx, projectId);
    const { count } = await tx.apiKey.updateMany({
      where: { id, revokedAt: null },
      data: { revokedAt: ctx.clock.now() },
    });
    if (count > 0) {
      await recordAudit(tx, ctx.viewer, {
        projectId,
        action: 'API_KEY_REVOKED',
        target: { type: 'ApiKey', id },
        details: { prefix },
      });
    }
    return tx.apiKey.findUniqueOrThrow({ where: { id } });
  });
}
