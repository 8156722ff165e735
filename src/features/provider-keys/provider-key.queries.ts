import type { TaskContext, Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import type { ProviderKey as ProviderKeyRow } from '../../platform/db/generated/client.ts';
import { SecretUnreadable } from '../../platform/secrets/keyring.ts';
import type { Segmind } from '../../platform/segmind/segmind.ts';
import { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { type Asker, authorize } from '../access/authorize.ts';

export type { ProviderKeyRow };

/** The key that a project's new runs are paid with; null where the server pays. Throws NotFound, Forbidden. */
export async function findProviderKey(ctx: Asker, projectId: string): Promise<ProviderKeyRow | null> {
  await authorize(ctx, projectId, 'MANAGE_PROVIDER_KEY');
  return ctx.db.providerKey.findFirst({ where: { projectId, removedAt: null } });
}

type Opener = Uses<'db' | 'segmind'> & Pick<TaskContext, 'keyring'>;

/** The account that a project's new runs go to: its own, or the server's. Throws SegmindError UNAUTHORIZED. */
export async function accountInForce(ctx: Opener, projectId: string): Promise<Segmind> {
  const key = await ctx.db.providerKey.findFirst({ where: { projectId, removedAt: null } });
  return key ? open(ctx, key) : ctx.segmind;
}

/**
 * Whether the account is still the one that the project's new runs go to. The key stays in force until the
 * transaction ends, so what is submitted after it can be collected with it.
 */
export async function isAccountInForce(
  tx: Transaction,
  { projectId, account, serverAccount }: { projectId: string; account: string; serverAccount: string },
): Promise<boolean> {
  const keys = await tx.$queryRaw<{ account: string }[]>`
    SELECT account FROM provider_keys WHERE project_id = ${projectId}::uuid AND removed_at IS NULL FOR SHARE`;
  return (keys[0]?.account ?? serverAccount) === account;
}

/**
 * The account that a run was submitted with, also when the project has another one now. The server's where no key of
 * that account is kept: its own key may have been changed since. Throws SegmindError UNAUTHORIZED.
 */
export async function accountOf(
  ctx: Opener,
  { projectId, providerAccount }: { projectId: string; providerAccount: string | null },
): Promise<Segmind> {
  if (providerAccount === null || providerAccount === ctx.segmind.accountId) return ctx.segmind;
  const key = await ctx.db.providerKey.findFirst({
    where: { projectId, account: providerAccount },
    orderBy: { createdAt: 'desc' },
  });
  return key ? open(ctx, key) : ctx.segmind;
}

async function open(ctx: Opener, { projectId, ciphertext }: ProviderKeyRow): Promise<Segmind> {
  try {
    return ctx.segmind.withKey(await ctx.keyring.open(ciphertext, projectId));
  } catch (error) {
    if (error instanceof SecretUnreadable) throw unusable('This server cannot read the key of the project.');
    throw error;
  }
}

function unusable(detail: string): SegmindError {
  return new SegmindError({ code: 'UNAUTHORIZED', meaning: 'REFUSED', detail });
}
