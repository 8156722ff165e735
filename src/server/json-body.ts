import type { FastifyInstance } from 'fastify';
import { BadRequest, UnsupportedMedia } from '../errors.ts';

/**
 * Reads JSON bodies, and no others, strictly: UTF-8 and nothing else, not compressed, without members that reach for
 * a prototype. A body that two readers could understand differently is read by none.
 */
export function registerJsonBody(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
    if (!/^utf-?8$/i.test(charset)) return done(new UnsupportedMedia('The charset must be utf-8.'));
    if (!/^(identity)?$/i.test(request.headers['content-encoding'] ?? '')) {
      return done(new UnsupportedMedia('Bodies must not be compressed.'));
    }
    let text: string;
    try {
      text = utf8.decode(Buffer.from(body));
    } catch {
      return done(new BadRequest('The body is not well-formed UTF-8.'));
    }
    return parseJson(request, text, done);
  });
}
