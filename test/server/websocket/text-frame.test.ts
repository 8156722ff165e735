import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { expect, it } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { textFrame } from '../../../src/server/websocket/text-frame.ts';
import { type Connection, push } from '../../../src/server/websocket/websocket-connection.ts';

function bytesWritten({ stream }: Connection): number {
  return stream instanceof Socket ? stream.bytesWritten : Number.NaN;
}

/** What a client reads that `say` is said to. */
async function heard(say: (connection: Connection) => void): Promise<string[]> {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on('upgrade', (request, stream, head) =>
    sockets.handleUpgrade(request, stream, head, (socket) =>
      say({ socket, stream, address: '', admit: () => undefined, send: async () => undefined }),
    ),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const texts: string[] = [];
  client.on('message', (bytes, isBinary) => texts.push(isBinary ? 'bytes' : String(bytes)));
  client.on('ping', (bytes) => texts.push(`ping ${bytes}`));
  const [code] = await once(client, 'close');
  texts.push(`closed with ${code}`);
  server.close();
  return texts;
}

it('makes frames of every length that a client reads', async () => {
  const lengths = [8, 125, 126, 127, 65_535, 65_536, 200_000];
  // Two bytes for one letter: lengths are of bytes.
  const texts = lengths.map((length) => `é${'x'.repeat(length - 6)}é,}`);
  const told = await heard((connection) => {
    for (const text of texts)
      push(connection, textFrame(Buffer.from('é'), Buffer.from(text.slice(1, -2)), ',}'));
    connection.socket.close(1000);
  });
  expect(texts.map((text) => Buffer.byteLength(text))).toEqual(lengths);
  expect(told).toEqual([...texts, 'closed with 1000']);
});

it('keeps them in order among what the library sends, also when the reader is slow, and says nothing after goodbye', async () => {
  const frame = (text: string) => textFrame(Buffer.from(text), Buffer.alloc(0), '');
  const long = 'x'.repeat(3_000_000);
  const told = await heard((connection) => {
    const { socket } = connection;
    socket.send('one');
    push(connection, frame('two'));
    socket.ping('three');
    push(connection, frame(long));
    socket.send('five');
    push(connection, frame('six'));
    socket.close(1013);
    // Clients do not read what follows on a goodbye: what counts is that nothing is written.
    const written = bytesWritten(connection);
    push(connection, frame('too late'));
    expect(bytesWritten(connection)).toBe(written);
  });
  expect(told.map((text) => text.slice(0, 20))).toEqual([
    'one',
    'two',
    'ping three',
    long.slice(0, 20),
    'five',
    'six',
    'closed with 1013',
  ]);
});
