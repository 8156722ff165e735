import type { IncomingHttpHeaders } from 'node:http';
import type { ServerContext } from '../server-context.ts';

/**
 * Whether a page of this origin may open a socket: browsers ask nobody before they connect, so the server has to
 * look. Clients that are no browsers send no origin. Our own pages and those of CORS_ORIGINS may.
 */
export function isOriginAllowed(
  { config, publicUrl }: Pick<ServerContext, 'config' | 'publicUrl'>,
  { origin, host }: IncomingHttpHeaders,
): boolean {
  if (origin === undefined) return true;
  const { CORS_ORIGINS } = config;
  if (CORS_ORIGINS.includes('*') || CORS_ORIGINS.includes(origin)) return true;
  const from = URL.parse(origin);
  return from !== null && (from.host === host || from.origin === URL.parse(publicUrl)?.origin);
}
