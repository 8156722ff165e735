import type { TaskContext } from '../../platform/context.ts';
import { SecretUnreadable } from '../../platform/secrets/keyring.ts';

const batchSize = 100;

/**
 * Forgets removed keys that no unfinished run needs, and seals anew what an older master key sealed, so that the
 * older one can be taken away. Resolves to how many keys it touched.
 */
export async function tendProviderKeys(ctx: Pick<TaskContext, 'db' | 'keyring' | 'log'>): Promise<number> {
  const forgotten = await ctx.db.$executeRaw`
    DELETE FROM provider_keys k WHERE removed_at IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM generations g WHERE g.project_id = k.project_id AND g.provider_account = k.account
        AND (g.status IN ('SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING')
          -- Its worker may still come back with the answer.
          OR g.status = 'UNCERTAIN' AND k.removed_at > now() - interval '2 hours'))`;
  let resealed = 0;
  for (let after: string | undefined; ; ) {
    const keys = await ctx.db.providerKey.findMany({
      where: after === undefined ? {} : { id: { gt: after } },
      orderBy: { id: 'asc' },
      take: batchSize,
    });
    for (const { id, projectId, ciphertext } of keys) {
      if (!ctx.keyring.isStale(ciphertext)) continue;
      try {
        const sealed = await ctx.keyring.seal(await ctx.keyring.open(ciphertext, projectId), projectId);
        await ctx.db.providerKey.updateMany({ where: { id, ciphertext }, data: { ciphertext: sealed } });
        resealed += 1;
      } catch (error) {
        if (!(error instanceof SecretUnreadable)) throw error;
        ctx.log.error({ projectId, reason: error.message }, 'a provider key cannot be read');
      }
    }
    after = keys.at(-1)?.id;
    if (keys.length < batchSize) return forgotten + resealed;
  }
}
