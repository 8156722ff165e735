import { once } from 'node:events';
import { connect } from 'node:net';

/** A request whose body comes piece by piece, over a connection of its own. */
export interface OpenBody {
  /** Sends more of the body; resolves when it is on its way, or when the connection has gone. */
  write(piece: Buffer): Promise<void>;
  /** Sends bytes as they are, not as a chunk. */
  writeRaw(bytes: Buffer): Promise<void>;
  /** Says that nothing more comes, although the body is not complete. */
  endEarly(): void;
  /** Resets the connection. */
  cut(): void;
  /** What the server has answered so far, as it came. */
  answer(): string;
  /** The status of the answer; 0 as long as there is none. */
  status(): number;
  isClosed(): boolean;
}

/** Sends the head of a POST. Without a length the body comes in chunks. */
export async function openBody(
  url: string,
  {
    path = '/graphql',
    key,
    length,
    type = 'application/json',
  }: {
    path?: string;
    key?: string;
    length?: number;
    type?: string;
  },
): Promise<OpenBody> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  let isClosed = false;
  socket.on('error', () => undefined);
  socket.on('data', (text) => {
    answer += text;
  });
  socket.on('close', () => {
    isClosed = true;
  });
  await once(socket, 'connect');
  const headers = [
    `POST ${path} HTTP/1.1`,
    'Host: x',
    ...(key === undefined ? [] : [`Authorization: Bearer ${key}`]),
    `Content-Type: ${type}`,
    length === undefined ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`,
  ];
  const send = (bytes: Buffer | string) =>
    new Promise<void>((resolve) => {
      if (isClosed) resolve();
      // Told of a failure as well.
      else socket.write(bytes, () => resolve());
    });
  await send(`${headers.join('\r\n')}\r\n\r\n`);
  return {
    write: (piece) =>
      send(
        length === undefined
          ? Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
          : piece,
      ),
    writeRaw: send,
    endEarly: () => void socket.end(),
    cut: () => socket.resetAndDestroy(),
    answer: () => answer,
    status: () => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0),
    isClosed: () => isClosed,
  };
}
