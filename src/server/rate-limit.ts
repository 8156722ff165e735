import { RateLimited } from '../errors.ts';
import { limitKey, type Viewer } from '../platform/auth/viewer.ts';
import type { Cost } from '../platform/limits/cost-meter.ts';
import type { ServerContext } from './server-context.ts';

/** Charges one operation of a viewer against the viewer's points: one point first, the rest when the cost is known. */
export function rateLimitOf({ meter }: Pick<ServerContext, 'meter'>, viewer: Viewer) {
  const key = limitKey(viewer);
  return {
    /** Charges one point before parsing, so that a viewer without points causes no work. Throws RateLimited. */
    chargeFirst: () => meter.spend(key, 1),
    /** Charges the rest of the operation's cost; one point is already charged. Throws RateLimited. */
    chargeRest: async (points: number): Promise<Cost> => ({
      ...(await meter.spend(key, points - 1)),
      requested: points,
    }),
    /** Charges one more event of a subscription. Returns or resolves to RateLimited when there are too few points. */
    chargeEvent: (points: number): Cost | Promise<Cost | RateLimited> =>
      meter.spendDrawn(key, points) ??
      meter.spend(key, points).catch((error: unknown) => {
        if (error instanceof RateLimited) return error;
        throw error;
      }),
  };
}

/** The rate limit of one operation. */
export type RateLimit = ReturnType<typeof rateLimitOf>;
