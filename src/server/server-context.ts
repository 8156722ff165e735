import type { Viewer } from '../platform/auth/viewer.ts';
import type { Context } from '../platform/context.ts';
import type { Database } from '../platform/db/connect.ts';
import type { CostMeter } from '../platform/limits/cost-meter.ts';
import type { Reader } from '../platform/reads/reader.ts';
import type { Check } from './health-route.ts';
import type { Outages } from './outages.ts';

/** What the transports need: the context of requests, the authentication, and the meter of query points. */
export type ServerContext = Omit<Context, 'viewer' | 'loaders'> & {
  /**
   * Finds the viewer of an `Authorization` header or of `connectionParams.authorization`. Throws Unauthenticated,
   * Unavailable, and RateLimited for an address that has sent too many wrong keys.
   */
  readonly authenticate: (authorization: unknown, address: string) => Promise<Viewer>;
  readonly meter: CostMeter;
  /** For exports. It has its own connections, because a portion of a large file may take longer than a request. */
  readonly exportsDb: Database;
  /** Reads the rows of exports on the same connections. */
  readonly exportsReader: Reader;
  /** The checks of `/readyz`, in this order. */
  readonly readiness: readonly Check[];
  /** Logs requests that fail because a service does not answer. */
  readonly outages: Outages;
};
