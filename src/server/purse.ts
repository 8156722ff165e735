import { RateLimited } from '../errors.ts';
import { payer, type Viewer } from '../platform/auth/viewer.ts';
import type { Cost } from '../platform/limits/cost-meter.ts';
import type { ServerContext } from './server-context.ts';

export { payer };

/** What an operation is paid from: a point at the door, the rest once its cost is known. */
export function openPurse({ meter }: Pick<ServerContext, 'meter'>, viewer: Viewer) {
  const name = payer(viewer);
  return {
    /** Before the document is looked at, so that an empty purse costs us nothing. Throws RateLimited. */
    enter: () => meter.spend(name, 1),
    /** The whole cost, of which one point is paid already. Throws RateLimited. */
    pay: async (points: number): Promise<Cost> => ({
      ...(await meter.spend(name, points - 1)),
      requested: points,
    }),
    /** What is told to each follower is paid for anew. Comes to the refusal of a purse with too little in it. */
    payNext: (points: number): Cost | Promise<Cost | RateLimited> =>
      meter.spendDrawn(name, points) ??
      meter.spend(name, points).catch((error: unknown) => {
        if (error instanceof RateLimited) return error;
        throw error;
      }),
  };
}

/** A viewer's purse. */
export type Purse = ReturnType<typeof openPurse>;
