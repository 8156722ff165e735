import type { TaskContext, Uses } from '../../platform/context.ts';
import type { ProviderKey as ProviderKeyRow } from '../../platform/db/generated/client.ts';
import { SecretUnreadable } from '../../platform/secrets/keyring.ts';
import type { Segmind } from '../../platform/segmind/segmind.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { serverKeyOwner } from './server-key.ts';

export type { ProviderKeyRow };

/** The key with which a project's new runs are paid; null when the server pays. Throws NotFound, Forbidden. */
export async function findProviderKey(
  ctx: Asker & Uses<'segmind'>,
  projectId: string,
): Promise<ProviderKeyRow | null> {
  await authorize(ctx, projectId, 'MANAGE_PROVIDER_KEY');
  return keyInForce(ctx, projectId);
}

type Opener = Uses<'db' | 'segmind'> & Pick<TaskContext, 'keyring'>;

/**
 * This process cannot use an account: no key of it is stored, or this process does not have the master key that sealed
 * it. The error proves nothing about the run, and nothing about the provider's answer.
 */
export class AccountUnusable extends Error {
  override name = 'AccountUnusable';
  readonly reason: 'MISSING' | 'UNREADABLE';

  constructor(reason: 'MISSING' | 'UNREADABLE', cause?: unknown) {
    super(
      reason === 'MISSING'
        ? 'No key of the account is kept.'
        : 'The key of the account is sealed with a master key that this process does not have.',
      { cause },
    );
    this.reason = reason;
  }
}

/** Several projects may have the same key, and a process may be able to open only some of the sealed copies. */
const mostKeys = 20;

/** A project's key in this provider environment. A key that was set in another environment does not count. */
function keyInForce({ db, segmind }: Uses<'db' | 'segmind'>, projectId: string) {
  return db.providerKey.findFirst({
    where: { projectId, removedAt: null, environment: segmind.environment },
  });
}

/** The account to which a project's new runs are submitted: its own, or the server's. Throws AccountUnusable. */
export async function accountInForce(ctx: Opener, projectId: string): Promise<Segmind> {
  const key = await keyInForce(ctx, projectId);
  return key ? open(ctx, key.ciphertext, key.projectId) : ctx.segmind;
}

/** The name of the account to which a project's new runs are submitted. */
export async function nameOfAccountInForce(ctx: Uses<'db' | 'segmind'>, projectId: string): Promise<string> {
  return (await keyInForce(ctx, projectId))?.account ?? ctx.segmind.accountId;
}

/**
 * The account with this name: the server's, or an account whose key is stored, for a project or as an earlier key
 * of the server. Throws AccountUnusable, because no other account may be used instead.
 */
export async function accountNamed(ctx: Opener, account: string): Promise<Segmind> {
  if (account === ctx.segmind.accountId) return ctx.segmind;
  // A key of another environment would be sent to the wrong provider.
  const where = { account, environment: ctx.segmind.environment };
  const [projectKeys, serverKeys] = await Promise.all([
    ctx.db.providerKey.findMany({ where, orderBy: { createdAt: 'desc' }, take: mostKeys }),
    ctx.db.serverKey.findMany({ where }),
  ]);
  const sealed = [
    ...projectKeys.map(({ ciphertext, projectId }) => ({ ciphertext, owner: projectId })),
    ...serverKeys.map(({ ciphertext }) => ({ ciphertext, owner: serverKeyOwner })),
  ];
  let unusable = new AccountUnusable('MISSING');
  for (const { ciphertext, owner } of sealed) {
    try {
      const opened = await open(ctx, ciphertext, owner);
      // The simulator of another data folder gives its accounts other names.
      if (opened.accountId === account) return opened;
    } catch (error) {
      if (!(error instanceof AccountUnusable)) throw error;
      unusable = error;
    }
  }
  throw unusable;
}

async function open({ segmind, keyring }: Opener, ciphertext: string, owner: string): Promise<Segmind> {
  try {
    return segmind.withKey(await keyring.open(ciphertext, owner));
  } catch (error) {
    if (error instanceof SecretUnreadable) throw new AccountUnusable('UNREADABLE', error);
    throw error;
  }
}
