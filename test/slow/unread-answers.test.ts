import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { adminKey, Dramatis, eventually } from '../support/dramatis.ts';

let dramatis: Dramatis;
beforeAll(async () => {
  dramatis = await Dramatis.start();
});
afterAll(() => dramatis.stop());

it('an answer that its client does not read is not kept for ever', async () => {
  const { hostname, port } = new URL(dramatis.url);
  const query = encodeURIComponent(getIntrospectionQuery());
  const head = `GET /graphql?query=${query} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${adminKey}\r\napollo-require-preflight: yes\r\n\r\n`;
  const socket = connect({ host: hostname, port: Number(port) });
  let isClosed = false;
  socket
    .on('error', () => undefined)
    .on('close', () => {
      isClosed = true;
    });
  socket.pause();
  // One behind the other: together they are more than the kernel takes.
  for (let count = 0; count < 100; count += 1) socket.write(head);
  await new Promise((resolve) => setTimeout(resolve, 90_000));
  // A socket that is paused does not hear that the other side has gone, but by writing.
  await eventually('the connection to be cut', () => {
    if (!isClosed) socket.write(head);
    return isClosed;
  });
  expect(isClosed).toBe(true);
}, 150_000);
