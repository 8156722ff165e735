import { imageModels } from '../../catalogue/catalogue.ts';
import { Forbidden, InputProblem } from '../../errors.ts';
import { isAtLeast } from '../../platform/auth/role.ts';
import { apiKeyPrefix, drawSecret } from '../../platform/auth/secret.ts';
import type { Uses } from '../../platform/context.ts';
import { checkText } from '../../platform/graphql/text.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize, roleIn } from '../access/authorize.ts';
import { holdUser } from '../access/hold-user.ts';
import { lockStandingProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import type { ApiKeyRow } from './api-key.queries.ts';
import { ApiKeyKind, type CreateApiKeyInput } from './api-key.type.ts';

type Tools = Uses<'db' | 'viewer' | 'loaders' | 'clock'>;

/**
 * Makes a key. The key is returned only here, because only its hash is stored. Throws NotFound, Forbidden,
 * InputProblem, and Conflict for a project that is being deleted.
 */
export async function createApiKey(
  ctx: Tools,
  input: CreateApiKeyInput,
): Promise<{ apiKey: ApiKeyRow; secret: string }> {
  const projectId = fromGlobalId('Project', input.projectId);
  const userId = await mayOwn(ctx, projectId, input);
  const name = checkText(['input', 'name'], input.name, { minimum: 1, maximum: 200 });
  const allowedModels = checkModels(input.allowedModels ?? []);
  const expiresAt = input.expiresAt ?? null;
  if (expiresAt && expiresAt <= ctx.clock.now()) {
    throw new InputProblem(['input', 'expiresAt'], 'expiresAt must be in the future.');
  }
  const { text, prefix, hash } = drawSecret(apiKeyPrefix);
  return ctx.db.$transaction(async (tx) => {
    await lockStandingProject(tx, projectId, 'projectId');
    await holdUser(tx, ctx.viewer);
    const apiKey = await tx.apiKey.create({
      data: { projectId, userId, name, role: input.role, prefix, secretHash: hash, allowedModels, expiresAt },
    });
    await recordAudit(tx, ctx.viewer, {
      projectId,
      action: 'API_KEY_CREATED',
      target: { type: 'ApiKey', id: apiKey.id },
      details: { kind: input.kind, role: input.role, prefix, allowedModels: allowedModels.join(' ') },
    });
    return { apiKey, secret: text };
  });
}

/** The id of the user who will own the key; null for a key of the project. Throws when the viewer may not make it. */
async function mayOwn(ctx: Tools, projectId: string, input: CreateApiKeyInput): Promise<string | null> {
  if (input.kind === ApiKeyKind.SERVICE) {
    await authorize(ctx, projectId, 'MANAGE_API_KEYS');
    return null;
  }
  await authorize(ctx, projectId, 'USE_OWN_API_KEYS');
  if (ctx.viewer.kind !== 'USER') throw new Forbidden('Only users can create PERSONAL keys.');
  const role = await roleIn(ctx, projectId);
  if (role === null || !isAtLeast(role, input.role)) {
    throw new InputProblem(['input', 'role'], `role must not be higher than your own role, ${role}.`);
  }
  return ctx.viewer.userId;
}

function checkModels(slugs: readonly string[]): string[] {
  const known = imageModels.map(({ slug }) => slug);
  for (const [index, slug] of slugs.entries()) {
    if (!known.includes(slug)) {
      throw new InputProblem(
        ['input', 'allowedModels', index],
        `There is no such model. The models are ${known.join(', ')}.`,
      );
    }
  }
  return [...new Set(slugs)];
}
