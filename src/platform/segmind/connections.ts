import { Agent, type Dispatcher, Pool } from 'undici';

/** The connections of a process to the provider, shared by the clients of all accounts. */
export interface Connections {
  /** For reading from an origin. Many connections, because runs that end together are polled together. */
  reads(origin: string): Dispatcher;
  /** A new connection for each POST, which ends with it, so that no POST uses a connection that may just be closing. */
  readonly posts: Dispatcher;
  close(): Promise<void>;
}

const connectTimeoutMs = 10_000;
/** Enough for three thousand polls a second, when each is answered within a twelfth of a second. */
const pollConnections = 256;
const otherConnections = 64;

/** Opens the connections to the API of an origin; they are made when first needed. */
export function openConnections(apiOrigin: string): Connections {
  // Each exchange has one deadline instead of undici's timeouts, which start again with every byte.
  const settings = {
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    connect: { timeout: connectTimeoutMs },
  };
  const polls = new Pool(apiOrigin, { ...settings, connections: pollConnections });
  const elsewhere = new Agent({ ...settings, connections: otherConnections });
  const posts = new Agent({ ...settings, connections: otherConnections });
  return {
    reads: (origin) => (origin === apiOrigin ? polls : elsewhere),
    posts,
    async close() {
      await Promise.all([polls.destroy(), elsewhere.destroy(), posts.destroy()]);
    },
  };
}
