import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readAccept } from '../http/accept.ts';

/*
 * The page of the explorer names its files and its endpoint relative to its own address, so it works at each path
 * where a proxy has put it. Only a proxy that takes the path off is supported: with the path left on, the path and
 * our own routes could not be distinguished.
 *
 * Own code beside @fastify/static and @fastify/helmet.
 * @fastify/static adds 22 packages to the 49 of Fastify, one of which does not support Node 20, with which one may install.
 * It streams each file: the style takes 1.1 to 1.4 ms of CPU instead of 0.8, and what is compressed has no length. It answers
 * 403 for the folder itself, where this server answers 404.
 * @fastify/helmet would write the same policy, without the blanks, and eleven more headers that have to be turned off one by
 * one for each route that is not the page.
 */

/** Where the build puts the explorer; the same from src/server/explorer and from dist/server/explorer. */
export const explorerFolder = join(import.meta.dirname, '../../../dist/explorer');

const contentTypes: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

/** Nothing from elsewhere; 'self' covers the WebSocket of this host too. Fonts and icons lie in the style. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  'font-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Whether a request comes from a browser that opens the address, not from a GraphQL client. */
export function wantsExplorer(request: FastifyRequest): boolean {
  if (request.method !== 'GET') return false;
  const weight = readAccept(request.headers.accept ?? '');
  return (
    weight('text/html') > Math.max(weight('application/json'), weight('application/graphql-response+json'))
  );
}

/** Stands in the page for where its files are. */
export const explorerMark = 'explorer-files:';

/**
 * Answers with the explorer's page. It holds nothing secret: its reader brings the key. Its files are named relative to the
 * page, so that they are found at whatever path a proxy has put this server.
 */
export async function sendExplorer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const page = await readFile(join(explorerFolder, 'page.html'), 'utf8');
  const isBelow = URL.parse(request.url, 'http://host')?.pathname.endsWith('/');
  const html = page.replaceAll(explorerMark, isBelow ? '../explorer/' : 'explorer/');
  return reply
    .type('text/html; charset=utf-8')
    .headers({
      'content-security-policy': contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
      vary: 'Accept',
    })
    .send(html);
}

/** Serves the explorer's script and style at /explorer/:file, to anyone and for good: the names carry hashes. */
export function registerExplorer(app: FastifyInstance): void {
  app.get<{ Params: { file: string } }>('/explorer/:file', async ({ params: { file } }, reply) => {
    const type = contentTypes[extname(file)];
    // The name is the visitor's: it must stay inside the folder.
    if (!type || !/^\w[\w.-]*$/.test(file)) return reply.callNotFound();
    const content = await readFile(join(explorerFolder, file)).catch(() => undefined);
    if (!content) return reply.callNotFound();
    return reply
      .type(type)
      .headers({
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
      })
      .send(content);
  });
}
