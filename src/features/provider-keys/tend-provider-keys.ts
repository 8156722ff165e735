import type { TaskContext } from '../../platform/context.ts';
import { Prisma } from '../../platform/db/generated/client.ts';
import { defineTask } from '../../platform/jobs/define-task.ts';
import { SecretUnreadable } from '../../platform/secrets/keyring.ts';
import { serverKeyOwner } from './server-key.ts';

const batchSize = 100;
/** The provider has the run `g`, or may have it, or what it cost is still to be asked for. */
const isUnsettled = Prisma.sql`(g.cost_micros IS NULL
  OR g.status IN ('SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING', 'UNCERTAIN'))`;

/** Every half minute in each process, since each has master keys of its own. */
export const tendKeysRegularly = defineTask({
  name: 'tend-provider-keys',
  each: 'process',
  everyMs: 30_000,
  words: { failed: 'provider keys cannot be tended', over: 'provider keys are tended again' },
  run: (ctx: TaskContext) => {
    const unreadable = new Set<string>();
    return async () => void (await tendProviderKeys(ctx, unreadable));
  },
});

/**
 * Forgets replaced keys that no unsettled run needs, and seals again what an older master key sealed, so that the older one
 * can be taken away. `unreadable` remembers the sealed keys that cannot be read, so that the log says so once. Resolves to how
 * many keys it touched.
 */
export async function tendProviderKeys(ctx: Tools, unreadable = new Set<string>()): Promise<number> {
  const forgotten = (await forgetProjectKeys(ctx)) + (await forgetServerKeys(ctx));
  return forgotten + (await sealProjectKeys(ctx, unreadable)) + (await sealServerKeys(ctx, unreadable));
}

type Tools = Pick<TaskContext, 'db' | 'keyring' | 'log' | 'segmind'>;

async function forgetProjectKeys({ db }: Tools): Promise<number> {
  return db.$executeRaw`
    DELETE FROM provider_keys k WHERE removed_at IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM generations g WHERE g.project_id = k.project_id AND g.provider_account = k.account
        AND ${isUnsettled})`;
}

/** A key that no process has had for a day is no longer configured. */
async function forgetServerKeys({ db, segmind }: Tools): Promise<number> {
  await db.$executeRaw`
    UPDATE server_keys SET used_at = now() WHERE account = ${segmind.accountId} AND used_at < now() - interval '1 hour'`;
  return db.$executeRaw`
    DELETE FROM server_keys k WHERE used_at < now() - interval '1 day' AND NOT EXISTS (
      SELECT 1 FROM generations g WHERE g.provider_account = k.account AND ${isUnsettled})`;
}

async function sealProjectKeys(ctx: Tools, unreadable: Set<string>): Promise<number> {
  let count = 0;
  for (let after: string | undefined; ; ) {
    const keys = await ctx.db.providerKey.findMany({
      where: after === undefined ? {} : { id: { gt: after } },
      orderBy: { id: 'asc' },
      take: batchSize,
    });
    for (const { id, projectId, ciphertext } of keys) {
      const sealed = await sealAgain(ctx, unreadable, { ciphertext, owner: projectId });
      if (sealed === null) continue;
      await ctx.db.providerKey.updateMany({ where: { id, ciphertext }, data: { ciphertext: sealed } });
      count += 1;
    }
    after = keys.at(-1)?.id;
    if (keys.length < batchSize) return count;
  }
}

async function sealServerKeys(ctx: Tools, unreadable: Set<string>): Promise<number> {
  let count = 0;
  for (const { account, ciphertext } of await ctx.db.serverKey.findMany()) {
    const sealed = await sealAgain(ctx, unreadable, { ciphertext, owner: serverKeyOwner });
    if (sealed === null) continue;
    await ctx.db.serverKey.updateMany({ where: { account, ciphertext }, data: { ciphertext: sealed } });
    count += 1;
  }
  return count;
}

/** Null for what the present master key has sealed, and for what this process cannot read: another one may. */
async function sealAgain(
  { keyring, log }: Tools,
  unreadable: Set<string>,
  { ciphertext, owner }: { readonly ciphertext: string; readonly owner: string },
): Promise<string | null> {
  if (!keyring.isStale(ciphertext)) return null;
  try {
    return await keyring.seal(await keyring.open(ciphertext, owner), owner);
  } catch (error) {
    if (!(error instanceof SecretUnreadable)) throw error;
    if (!unreadable.has(ciphertext))
      log.error({ owner, reason: error.message }, 'a provider key cannot be read by this process');
    unreadable.add(ciphertext);
    return null;
  }
}
