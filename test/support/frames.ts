import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export const opcodes = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** A frame as a client sends it (RFC 6455, 5.2). */
export function frame(
  opcode: keyof typeof opcodes,
  payload: string | Buffer = '',
  { isLast = true, mask = Buffer.from([1, 2, 3, 4]) }: { isLast?: boolean; mask?: Buffer } = {},
): Buffer {
  const bytes = Buffer.from(payload);
  const size = bytes.length < 126 ? bytes.length : bytes.length < 65_536 ? 126 : 127;
  const length = Buffer.alloc(size === 126 ? 2 : size === 127 ? 8 : 0);
  if (size === 126) length.writeUInt16BE(bytes.length);
  if (size === 127) length.writeBigUInt64BE(BigInt(bytes.length));
  return Buffer.concat([
    Buffer.from([(isLast ? 0x80 : 0) | opcodes[opcode], 0x80 | size]),
    length,
    mask,
    bytes.map((byte, index) => byte ^ (mask[index % 4] ?? 0)),
  ]);
}

/** A frame that a server has sent. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A socket of which every byte is the test's own. */
export interface BareSocket {
  readonly stream: Socket;
  /** Sends bytes; resolves when they are on their way, or the connection has gone. */
  write(bytes: Buffer): Promise<void>;
  /** What has come so far. */
  frames(): ServerFrame[];
  /** The texts that have come so far. */
  texts(): string[];
  /** Code and reason of the server's close frame; null as long as there is none. */
  closing(): string | null;
  isClosed(): boolean;
}

/** Opens a socket, and lets it in with a key. */
export async function openBareSocket(url: string, key?: string): Promise<BareSocket> {
  const { hostname, port } = new URL(url);
  const stream = connect(Number(port), hostname);
  let received = Buffer.alloc(0);
  let isClosed = false;
  stream.on('error', () => undefined);
  stream.on('close', () => {
    isClosed = true;
  });
  await once(stream, 'connect');
  stream.write(
    'GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
  );
  const ready = new Promise<void>((resolve, reject) => {
    stream.on('close', () => reject(new Error('closed')));
    stream.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.includes('\r\n\r\n')) resolve();
    });
  });
  await ready;
  const socket: BareSocket = {
    stream,
    write: (bytes) =>
      new Promise((resolve) => {
        if (isClosed) resolve();
        else stream.write(bytes, () => resolve());
      }),
    frames: () => readFrames(received.subarray(received.indexOf('\r\n\r\n') + 4)),
    texts: () =>
      socket
        .frames()
        .filter(({ opcode }) => opcode === opcodes.text)
        .map(({ payload }) => String(payload)),
    closing() {
      const last = socket.frames().find(({ opcode }) => opcode === opcodes.close);
      return last ? `${last.payload.readUInt16BE()} ${last.payload.subarray(2)}` : null;
    },
    isClosed: () => isClosed,
  };
  if (key === undefined) return socket;
  const payload = { authorization: `Bearer ${key}` };
  await socket.write(frame('text', JSON.stringify({ type: 'connection_init', payload })));
  while (socket.texts().length === 0) await Promise.race([once(stream, 'data'), once(stream, 'close')]);
  return socket;
}

function readFrames(bytes: Buffer): ServerFrame[] {
  const frames: ServerFrame[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const size = (bytes[at + 1] ?? 0) & 0x7f;
    const from = at + (size === 126 ? 4 : size === 127 ? 10 : 2);
    if (from > bytes.length) break;
    const length =
      size === 126 ? bytes.readUInt16BE(at + 2) : size === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : size;
    if (from + length > bytes.length) break;
    frames.push({ opcode: (bytes[at] ?? 0) & 0xf, payload: bytes.subarray(from, from + length) });
    at = from + length;
  }
  return frames;
}
