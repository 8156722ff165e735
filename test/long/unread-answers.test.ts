import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { z } from 'zod';
import { delay } from '../support/delay.ts';
import { adminKey, Dramatis, eventually } from '../support/dramatis.ts';

let dramatis: Dramatis;
beforeAll(async () => {
  dramatis = await Dramatis.start();
});
afterAll(() => dramatis.stop());

it('an answer that its client does not read is not kept for ever', async () => {
  const { projectId } = await dramatis.cast();
  const raw = { width: 2_400, height: 2_400, channels: 3 } as const;
  // More than the kernel takes.
  const bytes = await sharp(randomBytes(2_400 * 2_400 * 3), { raw })
    .png()
    .toBuffer();
  const uploaded = await fetch(`${dramatis.url}/images?projectId=${projectId}`, {
    method: 'POST',
    body: new Uint8Array(bytes),
    headers: { authorization: `Bearer ${adminKey}` },
  });
  const { url } = z.object({ url: z.string() }).parse(await uploaded.json());
  const { hostname, port, pathname, search } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let isClosed = false;
  socket
    .on('error', () => undefined)
    .on('close', () => {
      isClosed = true;
    });
  socket.pause();
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`);
  // A minute, and once more where the kernel took a part of it meanwhile.
  await delay(140_000);
  // A socket that is paused hears that the other side has gone only when it writes.
  await eventually('the connection to be cut', () => {
    if (!isClosed) socket.write('\r\n');
    return isClosed;
  });
  expect(isClosed).toBe(true);
}, 200_000);
