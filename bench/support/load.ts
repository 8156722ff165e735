import { connect, type Socket } from 'node:net';
import { type LoadOptions, type LoadResult, loadOptions } from './load-options.ts';

/*
 * A load generator in a separate process: `node bench/support/load.ts '<JSON>'`. Each keep-alive connection sends the
 * next request when the response is complete. The generator parses only the HTTP that shows where a response ends,
 * and the first bytes of the body, so that its own work is a fraction of the measured work.
 */
const headEnd = Buffer.from('\r\n\r\n');
const goodStart = Buffer.from('{"data":{"');

function requestsOf({ url, authorization, bodies }: LoadOptions): Buffer[] {
  const { host, pathname } = new URL(url);
  return bodies.map((body) => {
    const head = [
      `POST ${pathname} HTTP/1.1`,
      `host: ${host}`,
      'content-type: application/json',
      'accept: application/json',
      ...(authorization === undefined ? [] : [`authorization: ${authorization}`]),
      `content-length: ${Buffer.byteLength(body)}`,
    ];
    return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
}

/**
 * Sends requests one after another until `next` returns none. Rejects when a response is incomplete or has an error.
 */
function ask(socket: Socket, next: () => Buffer | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let head: Buffer = Buffer.alloc(0);
    /** The bytes of the body that have not arrived yet; undefined while the head is incomplete. */
    let missing: number | undefined;
    const send = () => {
      const request = next();
      if (request) socket.write(request);
      else resolve();
    };
    socket.on('data', (chunk) => {
      if (missing === undefined) {
        head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
        const end = head.indexOf(headEnd);
        if (end < 0 || head.length < end + headEnd.length + goodStart.length) return;
        const text = head.toString('latin1', 0, end);
        const body = head.subarray(end + headEnd.length);
        const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
        if (
          !text.startsWith('HTTP/1.1 200') ||
          length === undefined ||
          !body.subarray(0, goodStart.length).equals(goodStart)
        )
          return reject(new Error(`not a good answer: ${head.toString('utf8', 0, 600)}`));
        missing = Number(length) - body.length;
      } else missing -= chunk.length;
      if (missing > 0) return;
      missing = undefined;
      head = Buffer.alloc(0);
      send();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a connection')));
    send();
  });
}

async function load(options: LoadOptions): Promise<LoadResult> {
  const requests = requestsOf(options);
  const { hostname, port } = new URL(options.url);
  const sockets = await Promise.all(
    Array.from({ length: options.connections }, async () => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      return socket;
    }),
  );
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const endsAt = startedAt + options.seconds * 1_000;
  let sent = 0;
  const next = () => {
    if (performance.now() >= endsAt) return undefined;
    sent += 1;
    return requests[sent % requests.length];
  };
  await Promise.all(sockets.map((socket) => ask(socket, next)));
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  for (const socket of sockets) socket.removeAllListeners('close').destroy();
  return { requests: sent, seconds, cpuShare: (user + system) / 1_000_000 / seconds };
}

const result = await load(loadOptions.parse(JSON.parse(process.argv[2] ?? '')));
process.stdout.write(`${JSON.stringify(result)}\n`);
