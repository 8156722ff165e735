import type { Viewer } from '../platform/auth/viewer.ts';
import type { Context } from '../platform/context.ts';
import type { Database } from '../platform/db/connect.ts';
import type { CostMeter } from '../platform/limits/cost-meter.ts';
import type { Check } from './health-route.ts';
import type { Outages } from './outages.ts';

/** What the door needs: every tool of the process, a way to know who asks, and what they may spend. */
export type ServerContext = Omit<Context, 'viewer' | 'loaders'> & {
  /**
   * Finds the viewer behind an `Authorization` header or `connectionParams.authorization`. Throws Unauthenticated,
   * RateLimited for an address that guesses, Unavailable.
   */
  readonly authenticate: (authorization: unknown, address: string) => Promise<Viewer>;
  readonly meter: CostMeter;
  /** For files of any size, whose portions may take longer than a request: on connections of its own. */
  readonly exportsDb: Database;
  /** What `/readyz` asks, in this order. */
  readonly readiness: readonly Check[];
  /** Tells the log of requests that fail because a part is away. */
  readonly outages: Outages;
};
