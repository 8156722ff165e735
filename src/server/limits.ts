import { type Viewer, viewerName } from '../platform/auth/viewer.ts';
import type { ServerContext } from './server-context.ts';

/** By what name a viewer's points are counted; null for the admin, who has no limit. */
export function payer(viewer: Viewer): string | null {
  return viewer.kind === 'ADMIN' ? null : viewerName(viewer);
}

/** Whether a viewer may ask for the schema; the admin always may. */
export function mayIntrospect({ config }: Pick<ServerContext, 'config'>, viewer: Viewer): boolean {
  return config.INTROSPECTION === 'on' || viewer.kind === 'ADMIN';
}
