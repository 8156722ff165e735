import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** An address on loopback behind which servers can be exchanged. */
export interface TcpProxy {
  readonly port: number;
  /** Where new connections lead; null: nowhere, they are refused. */
  target: number | null;
  /** How many connections stand. */
  readonly open: number;
  /** Breaks every connection that stands. */
  cut(): void;
  /** The connections that stand go silent for good: no byte and no end comes through, either way. New ones work. */
  silence(): void;
  close(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
  isSilent: boolean;
}

/** Starts it; it passes bytes on and changes none. `listen` hears what clients send on a connection. */
export async function startTcpProxy(
  target: number,
  listen: () => (bytes: Buffer) => void = () => () => undefined,
): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const links = new Set<Link>();
  // Each side's end is passed on, and not answered here.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (proxy.target === null) {
      client.destroy();
      return;
    }
    const upstream = connect({ port: proxy.target, host: '127.0.0.1', allowHalfOpen: true });
    const link: Link = { client, upstream, isSilent: false };
    links.add(link);
    client.on('data', listen());
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        if (link.isSilent) return;
        links.delete(link);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    target,
    get open() {
      return links.size;
    },
    cut,
    silence() {
      for (const link of links) {
        const { client, upstream } = link;
        link.isSilent = true;
        client.unpipe(upstream).resume();
        upstream.unpipe(client).resume();
      }
      links.clear();
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      await closed;
    },
  };
  return proxy;
}
