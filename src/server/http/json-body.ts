import type { FastifyInstance } from 'fastify';
import { BadRequest, UnsupportedMedia } from '../../errors.ts';
import type { Arrivals } from './arrivals.ts';

/**
 * The most values of a body. A short value such as `{},` uses up to twenty times its bytes in memory; text does not.
 */
const maxValues = 250_000;

/**
 * Reads JSON bodies only, and strictly: UTF-8 only, not compressed, without members that change a prototype. So a
 * body that two parsers could read differently is refused.
 */
export function registerJsonBody(app: FastifyInstance, arrivals: Arrivals, maxBytes: number): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  function decode(bytes: Buffer): string {
    if (hasMoreValues(bytes, maxValues)) throw new BadRequest(`The body has more than ${maxValues} values.`);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new BadRequest('The body is not well-formed UTF-8.');
    }
  }
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('multipart/form-data', (_request, payload, done) => {
    payload.resume();
    done(new UnsupportedMedia('Operations have no files. Send a picture to POST /images, and use its id.'));
  });
  app.addContentTypeParser('application/json', (request, payload, done) => {
    const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
    if (!/^utf-?8$/i.test(charset)) return done(new UnsupportedMedia('The charset must be utf-8.'));
    if (!/^(identity)?$/i.test(request.headers['content-encoding'] ?? '')) {
      return done(new UnsupportedMedia('Bodies must not be compressed.'));
    }
    arrivals
      .readBody(request, payload, maxBytes)
      .then((bytes) => bytes && decode(bytes))
      .then((text) => (text === null ? done(null, undefined) : parseJson(request, text, done)), done);
  });
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const bracket = 0x5b;
const brace = 0x7b;

/** Whether JSON has more than `most` values, without parsing it. The count may be wrong for bytes that are not JSON. */
function hasMoreValues(bytes: Buffer, most: number): boolean {
  // Each value takes at least one byte.
  if (bytes.length <= most) return false;
  let values = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) isText = !isText;
    else if (isText) at += byte === backslash ? 1 : 0;
    else if (byte === comma || byte === bracket || byte === brace) values += 1;
    if (values > most) return true;
  }
  return false;
}
