import type { Uses } from '../../platform/context.ts';
import { kindOfEnvironment } from './environment.ts';
import type { Provider } from './provider.type.ts';

/** The provider that new runs go to. */
export function findProvider({ segmind, viewer }: Uses<'segmind' | 'viewer'>): Provider {
  const environment = kindOfEnvironment(segmind.environment);
  return {
    environment,
    address: environment === 'LIVE' && viewer.kind === 'ADMIN' ? segmind.environment : null,
  };
}
