import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { errorCode } from '../../errors.ts';

/**
 * Makes a function that streams text of any length. The stream reads the next part when the connection has accepted
 * the previous part, and stops when the connection ends. An error cuts the connection, so that a file that is too
 * short never looks complete.
 */
export function streamSome(
  app: FastifyInstance,
): (text: AsyncGenerator<string | Buffer, void>, failed: (error: Error) => void) => Readable {
  const live = new Set<Readable>();
  // An unfinished file must not keep the server from ending.
  app.addHook('preClose', async () => {
    for (const body of live) body.destroy(new Error('The server is stopping.'));
  });
  return (text, failed) => {
    const body = Readable.from(text, { objectMode: false, highWaterMark: 64 * 1_024 });
    live.add(body);
    body.once('close', () => live.delete(body));
    body.once('error', (error) => {
      // The client has closed the connection, which is no failure of ours.
      if (errorCode(error) !== 'ERR_STREAM_PREMATURE_CLOSE') failed(error);
    });
    return body;
  };
}
