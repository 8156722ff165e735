import { startTcpProxy } from './tcp-proxy.ts';

/** A connection to a Postgres that can go dead without either end being notified. */
export interface Wire {
  /** The database's URL through the wire. */
  readonly url: string;
  /** The connections of now go silent for good. New ones work. */
  silence(): void;
  /** Breaks the connections of now. The server's sessions go on with their statements. */
  cut(): void;
  close(): Promise<void>;
}

/** Stands between a server and its database. */
export async function openWire(databaseUrl: string): Promise<Wire> {
  const url = new URL(databaseUrl);
  const { port, silence, cut, close } = await startTcpProxy(Number(url.port));
  url.port = String(port);
  return { url: url.href, silence, cut, close };
}
