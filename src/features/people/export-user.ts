import { NotFound } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorizeAdmin } from '../access/authorize.ts';
import { recordInstallationAct } from '../access/record-audit.ts';
import type { ExportUserInput, UserExport } from './person.type.ts';
import { signPersonUrl } from './person-url.ts';

/** Long enough to open it, short enough that an address which is seen by others leads nowhere. */
const lifetimeMs = 900_000;

/**
 * Makes an address of all that is stored about a user. That it was asked for is in the log of the installation. Throws
 * Forbidden unless the admin asks, and NotFound.
 */
export async function exportUser(
  ctx: Uses<'db' | 'viewer' | 'clock' | 'imageSecret' | 'publicUrl'>,
  input: ExportUserInput,
): Promise<UserExport> {
  authorizeAdmin(ctx);
  const userId = fromGlobalId('User', input.id);
  const user = await ctx.db.user.findUnique({ where: { id: userId }, select: { id: true } });
  if (!user) throw new NotFound('User');
  await ctx.db.$transaction((tx) =>
    recordInstallationAct(tx, ctx.viewer, { action: 'USER_EXPORTED', target: { type: 'User', id: userId } }),
  );
  const expiresAt = new Date(Math.ceil((ctx.clock.now().getTime() + lifetimeMs) / 1_000) * 1_000);
  const { imageSecret, publicUrl } = ctx;
  return { url: signPersonUrl(imageSecret, { userId, expiresAt, publicUrl }), expiresAt };
}
