import type { Uses } from '../../platform/context.ts';
import { findAccountStatus } from './account-status.ts';
import { kindOfEnvironment } from './environment.ts';
import type { Provider } from './provider.type.ts';

/** The provider to which new runs are submitted, and the status of the server's own account there. */
export async function findProvider(ctx: Uses<'db' | 'segmind' | 'viewer'>): Promise<Provider> {
  const { segmind, viewer } = ctx;
  const environment = kindOfEnvironment(segmind.environment);
  const isAdmin = viewer.kind === 'ADMIN';
  return {
    environment,
    address: environment === 'LIVE' && isAdmin ? segmind.environment : null,
    ...(await findAccountStatus(ctx, segmind.accountId)),
  };
}
