import { RateLimited } from '../errors.ts';
import { payer, type Viewer } from '../platform/auth/viewer.ts';
import type { Cost } from '../platform/limits/cost-meter.ts';
import type { ServerContext } from './server-context.ts';

export { payer };

/** The query points of a viewer, for one operation. It pays one point first, and the rest when its cost is known. */
export function openPurse({ meter }: Pick<ServerContext, 'meter'>, viewer: Viewer) {
  const name = payer(viewer);
  return {
    /** Pays one point before parsing, so that a viewer without points causes no work. Throws RateLimited. */
    enter: () => meter.spend(name, 1),
    /** Pays the rest of the cost; one point is already paid. Throws RateLimited. */
    pay: async (points: number): Promise<Cost> => ({
      ...(await meter.spend(name, points - 1)),
      requested: points,
    }),
    /** Pays for one more event of a subscription. Returns or resolves to RateLimited when there are too few points. */
    payNext: (points: number): Cost | Promise<Cost | RateLimited> =>
      meter.spendDrawn(name, points) ??
      meter.spend(name, points).catch((error: unknown) => {
        if (error instanceof RateLimited) return error;
        throw error;
      }),
  };
}

/** The query points of a viewer. */
export type Purse = ReturnType<typeof openPurse>;
