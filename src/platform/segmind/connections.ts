import { Agent, type Dispatcher, Pool } from 'undici';

/** The connections of a process to the provider, shared by the clients of all accounts. */
export interface Connections {
  /** For reading from an origin; runs that end together are asked after together. */
  reads(origin: string): Dispatcher;
  /** One connection for each, which ends with its one request, so that no POST takes over a used one. */
  readonly posts: Dispatcher;
  close(): Promise<void>;
}

const connectTimeoutMs = 10_000;
/** Three thousand polls a second, each answered within a twelfth of one. */
const pollConnections = 256;
const otherConnections = 64;

/** Opens the connections to the API of an origin; they are made when first needed. */
export function openConnections(apiOrigin: string): Connections {
  // The deadline over each exchange replaces undici's own, which start anew with every byte.
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
