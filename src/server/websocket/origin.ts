import type { IncomingHttpHeaders } from 'node:http';
import type { ServerContext } from '../server-context.ts';

/**
 * Whether a page of this origin may open a socket. The server must check, because browsers send no preflight request
 * before they connect. Clients other than browsers send no origin. Our own pages and the pages of CORS_ORIGINS may
 * connect.
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
