import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream';
import { BadRequest, BodyTooLarge } from '../../errors.ts';
import type { Hold } from '../../platform/limits/byte-share.ts';

/**
 * Reads a body of up to `limit` bytes and counts them as they come. Of a body that is refused nothing is kept, and what is
 * still to come is thrown away. Throws BodyTooLarge, what `hold` throws, and BadRequest for a body that ends early.
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
      // A client that hangs up is no fault of ours, and there is no client to read the answer.
      if (error) refuse(new BadRequest('The body ended before all of it had come.'));
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

/** What would be refused later, when much of it has come, is refused at once. */
function refuseAnnounced({ headers }: IncomingMessage, limit: number, hold: Hold): void {
  const length = Number(headers['content-length'] ?? 0);
  if (length > limit) throw new BodyTooLarge();
  hold.expect(length);
}
