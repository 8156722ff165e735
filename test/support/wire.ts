import { createServer, connect as dial, type Socket } from 'node:net';

/** A wire to a Postgres that can go dead without anybody being told. */
export interface Wire {
  /** The database's URL through the wire. */
  readonly url: string;
  /** How many connections have been made over it. */
  readonly made: number;
  /** The connections of now go silent for good: no byte, no end, either way. New ones work. */
  silence(): void;
  close(): Promise<void>;
}

/** Stands between a server and its database. */
export async function openWire(databaseUrl: string): Promise<Wire> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const live = new Set<() => void>();
  let made = 0;
  const server = createServer({ allowHalfOpen: true }, (near) => {
    made += 1;
    const far = dial({ host: target.hostname, port: Number(target.port), allowHalfOpen: true });
    let isSilent = false;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (!isSilent) to.write(bytes);
      });
      from.on('error', () => {
        if (!isSilent) to.destroy();
      });
      from.on('end', () => {
        if (!isSilent) to.end();
      });
      from.on('close', () => sockets.delete(from));
    }
    const goSilent = () => {
      isSilent = true;
      live.delete(goSilent);
    };
    live.add(goSilent);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The wire has no port.');
  const url = new URL(databaseUrl);
  url.port = String(address.port);
  return {
    url: url.href,
    get made() {
      return made;
    },
    silence() {
      for (const goSilent of [...live]) goSilent();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
