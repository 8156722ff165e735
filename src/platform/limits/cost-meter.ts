import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { RateLimited } from '../../errors.ts';
import { openPool } from '../db/connections/open.ts';

/*
 * An operation costs one point for each object that its document can request, and a list is multiplied by `first`. A
 * subscription pays for each event, because each event executes its selection. Points are counted in Postgres, in an
 * unlogged table, so that all processes share one count. A process draws a tenth of a viewer's points at a time, so
 * most operations do not wait for the database. The window is fixed: a viewer without points waits until it ends, at
 * most COST_BURST / COST_PER_SECOND seconds. While the database does not answer each process counts for itself.
 */

/** The cost of an operation, and the points that are left: `extensions.cost` of every response. */
export interface Cost {
  /** Points of this operation. */
  readonly requested: number;
  /** Points that the viewer has left. */
  readonly remaining: number;
  /** Points that are restored in a second, on average. */
  readonly restoreRate: number;
}

/** Counts points by viewer, in every process on one database together. */
export interface CostMeter {
  /** Takes points from a viewer; null is a viewer without a limit. Throws RateLimited when there are too few points. */
  spend(viewer: string | null, points: number): Promise<Cost>;
  /** The same without waiting; null when more points must be drawn from the database first. */
  spendDrawn(viewer: string | null, points: number): Cost | null;
  close(): Promise<void>;
}

/**
 * How many portions a viewer's points are divided into. A process draws a portion at once, so that most operations do
 * not wait for the database, also a library of hundreds of points. A portion is lost when the process ends. When few
 * points are left the portions are small, because otherwise most of the rest would be held by other processes.
 */
const portionsPerBurst = { plenty: 10, scarce: 50 };

interface Portion {
  left: number;
  beyond: number;
  readonly endsAt: number;
}

/**
 * A viewer may spend `burst` points at once; they are restored within `burst / perSecond` seconds. While the database
 * does not answer, each process counts by itself.
 */
export function createCostMeter(options: {
  databaseUrl: string;
  timeoutMs?: number | undefined;
  perSecond: number;
  burst: number;
}): CostMeter {
  const { databaseUrl, timeoutMs, perSecond, burst } = options;
  const pool = openPool(databaseUrl, 'limits', { timeoutMs });
  const window = { points: burst, duration: Math.max(1, Math.ceil(burst / perSecond)) };
  const limiter = new RateLimiterPostgres({
    ...window,
    storeClient: pool,
    tableName: 'rate_limits',
    // A migration has created the table.
    tableCreated: true,
    clearExpiredByTimeout: true,
    keyPrefix: 'cost',
    insuranceLimiter: new RateLimiterMemory(window),
  });
  const portions = new LRUCache<string, Portion>({ max: 10_000 });

  function portionAfter(portion: Portion | undefined): number {
    const isPlenty = (portion?.beyond ?? burst) > burst / 2;
    return Math.ceil(burst / portionsPerBurst[isPlenty ? 'plenty' : 'scarce']);
  }

  function costOf(requested: number, remaining: number): Cost {
    return { requested, remaining: Math.max(0, remaining), restoreRate: perSecond };
  }

  /** Throws RateLimited when the viewer has fewer points left. The points that were asked for are given back then. */
  async function draw(viewer: string, points: number): Promise<RateLimiterRes> {
    try {
      return await limiter.consume(viewer, points);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      const { msBeforeNext } = refused;
      await limiter.reward(viewer, points);
      throw new RateLimited('You have asked for too much in too short a time.', msBeforeNext);
    }
  }

  const draws = new Map<string, Promise<void>>();

  function portionOf(viewer: string): Portion | undefined {
    const portion = portions.get(viewer);
    return portion && portion.endsAt > performance.now() ? portion : undefined;
  }

  /** Draws a whole portion when enough points are left, and otherwise only the missing points. */
  async function refill(viewer: string, missing: number): Promise<void> {
    let drawn = Math.max(missing, portionAfter(portionOf(viewer)));
    const answer = await draw(viewer, drawn).catch((error: unknown) => {
      if (drawn === missing || !(error instanceof RateLimited)) throw error;
      drawn = missing;
      return draw(viewer, missing);
    });
    const { remainingPoints, msBeforeNext } = answer;
    const left = drawn + (portionOf(viewer)?.left ?? 0);
    portions.set(viewer, { left, beyond: remainingPoints, endsAt: performance.now() + msBeforeNext });
  }

  function spendDrawn(viewer: string | null, points: number): Cost | null {
    if (viewer === null) return costOf(points, burst);
    const portion = portionOf(viewer);
    if (!portion || portion.left < points) return null;
    portion.left -= points;
    return costOf(points, portion.left + portion.beyond);
  }

  return {
    spendDrawn,
    async spend(viewer, points) {
      for (;;) {
        const spent = spendDrawn(viewer, points);
        if (spent || viewer === null) return spent ?? costOf(points, burst);
        // One draw at a time: after it, the waiting operations may have enough points also.
        const drawing = draws.get(viewer);
        if (drawing) {
          await drawing.catch(() => undefined);
          continue;
        }
        const missing = points - (portionOf(viewer)?.left ?? 0);
        const own = refill(viewer, missing).finally(() => draws.delete(viewer));
        draws.set(viewer, own);
        await own;
      }
    },
    async close() {
      await pool.end();
    },
  };
}
