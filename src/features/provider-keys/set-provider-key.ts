import { Conflict, InputProblem } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { authorize } from '../access/authorize.ts';
import { lockStandingProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import { findProject, type ProjectRow } from '../projects/project.queries.ts';
import type { SetProviderKeyInput } from './provider-key.type.ts';

/**
 * Gives a project an account of its own. The key is tried at the provider first, by a free call, and is stored
 * encrypted. Runs that were submitted with an earlier key finish with that key. Throws NotFound, Forbidden,
 * InputProblem when the provider refuses the key, and Conflict when the provider does not answer.
 */
export async function setProviderKey(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'clock' | 'segmind' | 'keyring'>,
  input: SetProviderKeyInput,
): Promise<ProjectRow> {
  const projectId = fromGlobalId('Project', input.projectId);
  await authorize(ctx, projectId, 'MANAGE_PROVIDER_KEY');
  const key = input.key.trim();
  if (!/^[\x21-\x7e]{16,200}$/.test(key)) {
    const message = 'key must be from 16 to 200 printable characters without spaces.';
    throw new InputProblem(['input', 'key'], message);
  }
  const account = ctx.segmind.withKey(key);
  await account.credits().catch((error: unknown) => {
    throw error instanceof SegmindError ? refusal(error) : error;
  });
  const ciphertext = await ctx.keyring.seal(key, projectId);
  await ctx.db.$transaction(async (tx) => {
    await lockStandingProject(tx, projectId, 'projectId');
    await tx.providerKey.updateMany({
      where: { projectId, removedAt: null },
      data: { removedAt: ctx.clock.now() },
    });
    const { accountId, environment } = account;
    const data = { projectId, environment, account: accountId, ciphertext, lastFour: key.slice(-4) };
    await tx.providerKey.create({ data });
    await recordAudit(tx, ctx.viewer, {
      projectId,
      action: 'PROVIDER_KEY_SET',
      target: { type: 'Project', id: projectId },
    });
  });
  return findProject(ctx, projectId);
}

/** The provider's own text is not shown, because it may contain the key. */
function refusal(error: SegmindError): InputProblem | Conflict {
  if (error.code === 'UNAUTHORIZED' || error.code === 'FORBIDDEN') {
    return new InputProblem(['input', 'key'], 'The provider refuses this key.', 'PROVIDER_KEY_REFUSED');
  }
  const message = 'The key could not be tried at the provider. Try again.';
  return new Conflict('PROVIDER_UNAVAILABLE', message, ['input', 'key']);
}
