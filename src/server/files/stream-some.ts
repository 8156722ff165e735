import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { errorCode } from '../../errors.ts';

/**
 * Makes what sends text of any length as it is read. It asks for text when the connection has taken the text before, and stops
 * asking when it ends. An error on the way cuts the connection, so that a file that is too short never looks whole.
 */
export function streamSome(
  app: FastifyInstance,
): (text: AsyncGenerator<string, void>, failed: (error: Error) => void) => Readable {
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
      // The reader has gone, which is no failure of ours.
      if (errorCode(error) !== 'ERR_STREAM_PREMATURE_CLOSE') failed(error);
    });
    return body;
  };
}
