import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A reverse proxy that serves one server below a path, and takes the path off, for HTTP and WebSocket. */
export interface StrippingProxy {
  /** Its address, with the path. */
  readonly url: string;
  /** The port of the server behind it. */
  target: number;
  /** What it was asked below its path, and what the server answered; what was asked elsewhere has the status 404. */
  readonly seen: readonly { readonly path: string; readonly status: number }[];
  close(): Promise<void>;
}

/** Starts it on loopback. As usual with proxies, the server is sent the name of the server as `Host`. */
export async function startStrippingProxy(prefix: string): Promise<StrippingProxy> {
  const seen: { path: string; status: number }[] = [];
  const sockets = new Set<Socket>();
  /** The path that the server is asked for; null for what is not below the prefix. */
  const strip = ({ url = '/' }: IncomingMessage) =>
    url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : null;
  const headersOf = ({ headers }: IncomingMessage) => ({ ...headers, host: `127.0.0.1:${proxy.target}` });

  const server = createServer((asked, answer) => {
    const path = strip(asked);
    if (path === null) {
      seen.push({ path: asked.url ?? '', status: 404 });
      answer.writeHead(404).end('The proxy serves nothing here.');
      return;
    }
    const options = { port: proxy.target, path, method: asked.method, headers: headersOf(asked) };
    const passed = request({ host: '127.0.0.1', ...options }, (response) => {
      seen.push({ path, status: response.statusCode ?? 0 });
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (asked, socket, head) => {
    const path = strip(asked);
    socket.on('error', () => undefined);
    if (path === null) {
      seen.push({ path: asked.url ?? '', status: 404 });
      socket.destroy();
      return;
    }
    const upstream = connect(proxy.target, '127.0.0.1', () => {
      const lines = Object.entries(headersOf(asked)).map(([name, value]) => `${name}: ${value}`);
      upstream.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
    });
    upstream.once('data', (bytes) => seen.push({ path, status: Number(bytes.toString('latin1', 9, 12)) }));
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: StrippingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    target: 0,
    seen,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return proxy;
}
