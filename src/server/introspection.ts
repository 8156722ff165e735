import type { Viewer } from '../platform/auth/viewer.ts';
import type { ServerContext } from './server-context.ts';

/** Whether a viewer may read the schema. The admin always may. */
export function mayIntrospect({ config }: Pick<ServerContext, 'config'>, viewer: Viewer): boolean {
  return config.INTROSPECTION === 'on' || viewer.kind === 'ADMIN';
}
