import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { takeFrames, textFrame } from './support/frames.ts';

/** Many subscribers of one server that are sent the same events. */
export interface Audience {
  /** Resolves to the `data` of the next event when all have it. Throws when they were sent different events. */
  next(): Promise<string>;
  close(): void;
}

/** The number of subscribers that connect at a time. */
const atOnce = 50;
const patienceMs = 30_000;
const noise = /"type":"(connection_ack|ping|pong)"/;

/**
 * Opens a socket and a subscription for each credential, and waits until all are subscribed. They compare raw bytes
 * without parsing, so that a round is short and a server's idle work has little weight in it.
 */
export async function gather(
  port: number,
  credentials: readonly string[],
  payload: { query: string; variables: object },
): Promise<Audience> {
  const sockets: Socket[] = [];
  const complete: string[] = [];
  let heard: { data: Buffer; count: number }[] = [];
  let news = Promise.withResolvers<void>();

  function hear(text: Buffer): void {
    const start = text.indexOf('"data":') + 7;
    const end = text.lastIndexOf(',"extensions":');
    const data = text.subarray(start, end < 0 ? -2 : end);
    let known = heard.find((each) => each.data.equals(data));
    if (!known) {
      known = { data: Buffer.from(data), count: 0 };
      heard.push(known);
    }
    known.count += 1;
    if (known.count < credentials.length) return;
    heard = heard.filter((each) => each !== known);
    complete.push(String(data));
    news.resolve();
    news = Promise.withResolvers();
  }

  async function open(credential: string): Promise<void> {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.write(
      `GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ZHJhbWF0aXMgYmVuY2ggIQ==\r\n' +
        'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
    );
    const [answer] = await once(socket, 'data');
    if (!String(answer).startsWith('HTTP/1.1 101 ')) throw new Error(String(answer));
    let rest: Buffer = Buffer.alloc(0);
    const ready = new Promise<void>((resolve, reject) => {
      socket.on('close', () => reject(new Error(`The server hung up: ${rest}`)));
      socket.on('data', (bytes: Buffer) => {
        rest = takeFrames(rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes, socket, (text) => {
          if (text.includes('"type":"next"')) hear(text);
          else if (noise.test(String(text))) resolve();
          else reject(new Error(String(text)));
        });
      });
    });
    const init = { type: 'connection_init', payload: { authorization: `Bearer ${credential}` } };
    socket.write(textFrame(JSON.stringify(init)));
    await ready;
    // Ids as the client of graphql-ws makes them. Numbers would be places of an array in the servers.
    socket.write(textFrame(JSON.stringify({ id: randomUUID(), type: 'subscribe', payload })));
  }

  for (let from = 0; from < credentials.length; from += atOnce) {
    const some = credentials.slice(from, from + atOnce);
    await Promise.all(some.map(open));
  }
  // The server does not confirm a subscription, so this waits until the last ones are surely active.
  await sleep(3_000);
  return {
    async next() {
      const late = AbortSignal.timeout(patienceMs);
      const counts = () => heard.map(({ data, count }) => `${count} × ${data}`).slice(0, 3);
      while (complete.length === 0) {
        if (late.aborted) throw new Error(`Not all subscribers got an event in time: ${counts()}`);
        await Promise.race([news.promise, sleep(1_000)]);
      }
      if (heard.length > 0) throw new Error(`The subscribers were sent different events: ${counts()}`);
      return complete.shift() ?? '';
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
