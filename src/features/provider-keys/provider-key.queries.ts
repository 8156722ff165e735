import type { TaskContext, Uses } from '../../platform/context.ts';
import type { ProviderKey as ProviderKeyRow } from '../../platform/db/generated/client.ts';
import { SecretUnreadable } from '../../platform/secrets/keyring.ts';
import type { Segmind } from '../../platform/segmind/segmind.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { serverKeyOwner } from './server-key.ts';

export type { ProviderKeyRow };

/** The key that a project's new runs are paid with; null where the server pays. Throws NotFound, Forbidden. */
export async function findProviderKey(
  ctx: Asker & Uses<'segmind'>,
  projectId: string,
): Promise<ProviderKeyRow | null> {
  await authorize(ctx, projectId, 'MANAGE_PROVIDER_KEY');
  return keyInForce(ctx, projectId);
}

type Opener = Uses<'db' | 'segmind'> & Pick<TaskContext, 'keyring'>;

/**
 * This process cannot use an account: no key of it is kept, or the master key that sealed it is not among this process's.
 * It says nothing about the run, and nothing about what the provider would answer.
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

/** Several projects may have the same key, and not each copy of it can be read by every process. */
const mostKeys = 20;

/** A project's key of this provider environment: one that was set in another is none. */
function keyInForce({ db, segmind }: Uses<'db' | 'segmind'>, projectId: string) {
  return db.providerKey.findFirst({
    where: { projectId, removedAt: null, environment: segmind.environment },
  });
}

/** The account that a project's new runs go to: its own, or the server's. Throws AccountUnusable. */
export async function accountInForce(ctx: Opener, projectId: string): Promise<Segmind> {
  const key = await keyInForce(ctx, projectId);
  return key ? open(ctx, key.ciphertext, key.projectId) : ctx.segmind;
}

/** The name of the account that a project's new runs go to. */
export async function nameOfAccountInForce(ctx: Uses<'db' | 'segmind'>, projectId: string): Promise<string> {
  return (await keyInForce(ctx, projectId))?.account ?? ctx.segmind.accountId;
}

/**
 * The account with this name: the server's, or one whose key is kept, of any project or of the server's own past. Throws
 * AccountUnusable: no other account may stand in for it.
 */
export async function accountNamed(ctx: Opener, account: string): Promise<Segmind> {
  if (account === ctx.segmind.accountId) return ctx.segmind;
  // A key of another environment would be shown to the wrong provider.
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
