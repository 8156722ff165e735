import { WebSocket } from 'ws';

/** Many subscribers of one server that are told the same. */
export interface Audience {
  /** Resolves to the `data` of the next event once all have it; throws when they were told different things. */
  next(): Promise<string>;
  close(): void;
}

/** This many connect at a time. */
const atOnce = 50;
const patienceMs = 30_000;

/** Opens a socket and a subscription for each credential, and waits until all of them follow. */
export async function gather(
  port: number,
  credentials: readonly string[],
  payload: { query: string; variables: object },
): Promise<Audience> {
  const sockets: WebSocket[] = [];
  const told: string[] = [];
  const heard = new Map<string, number>();
  let news = Promise.withResolvers<void>();

  function hear(text: string): void {
    const end = text.lastIndexOf(',"extensions":');
    const data = text.slice(text.indexOf('"data":') + 7, end < 0 ? -2 : end);
    const count = (heard.get(data) ?? 0) + 1;
    heard.set(data, count);
    if (count < credentials.length) return;
    heard.delete(data);
    told.push(data);
    news.resolve();
    news = Promise.withResolvers();
  }

  async function open(credential: string, id: number): Promise<void> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', {
      perMessageDeflate: false,
    });
    sockets.push(socket);
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', (code, reason) => reject(new Error(`closed with ${code} ${reason}`)));
      socket.on('open', () =>
        socket.send(
          JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${credential}` } }),
        ),
      );
      socket.on('message', (bytes) => {
        const text = String(bytes);
        if (text.includes('"type":"next"')) return hear(text);
        if (!text.includes('"type":"connection_ack"')) return reject(new Error(text));
        socket.send(JSON.stringify({ id: `${id}`, type: 'subscribe', payload }));
        resolve();
      });
    });
  }

  for (let from = 0; from < credentials.length; from += atOnce) {
    const some = credentials.slice(from, from + atOnce);
    await Promise.all(some.map((credential, index) => open(credential, from + index)));
  }
  // The last of them have asked, and are not heard of before there is something to tell.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  return {
    async next() {
      const late = AbortSignal.timeout(patienceMs);
      while (told.length === 0) {
        if (late.aborted) throw new Error(`Waited in vain: ${JSON.stringify([...heard].slice(0, 3))}`);
        await Promise.race([news.promise, new Promise((resolve) => setTimeout(resolve, 1_000))]);
      }
      if (heard.size > 0) throw new Error(`Not all were told the same: ${[...heard.keys()].slice(0, 3)}`);
      return told.shift() ?? '';
    },
    close() {
      for (const socket of sockets) {
        socket.removeAllListeners('close');
        socket.terminate();
      }
    },
  };
}
