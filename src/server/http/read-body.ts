import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream';
import { BadRequest, BodyTooLarge } from '../../errors.ts';
import type { Hold } from '../../platform/limits/byte-share.ts';

/**
 * Reads a body of up to `limit` bytes and counts the bytes as they arrive. When a body is refused, its bytes are
 * dropped, and so are those that arrive later. Throws BodyTooLarge, what `hold` throws, and BadRequest for a body
 * that ends early.
 */
export function readBody(payload: IncomingMessage, limit: number, hold: Hold): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let length = 0;

    function take(piece: Buffer): void {
      try {
        length += piece.length;
        if (length > limit) throw new BodyTooLarge();
        hold.add(piece.length);
        pieces.push(piece);
      } catch (error) {
        refuse(error);
      }
    }

    function refuse(error: unknown): void {
      payload.off('data', take);
      payload.resume();
      pieces.length = 0;
      hold.release();
      reject(error);
    }

    finished(payload, { writable: false }, (error) => {
      // A client that closes its connection is no fault of ours, and does not read the response.
      if (error) refuse(new BadRequest('The body ended before it was complete.'));
      else resolve(Buffer.concat(pieces, length));
    });
    try {
      refuseAnnounced(payload, limit, hold);
      payload.on('data', take);
    } catch (error) {
      refuse(error);
    }
  });
}

/** Refuses a body at once, by its announced length, when it would be refused later. */
function refuseAnnounced({ headers }: IncomingMessage, limit: number, hold: Hold): void {
  const length = Number(headers['content-length'] ?? 0);
  if (length > limit) throw new BodyTooLarge();
  hold.expect(length);
}
