import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { RateLimited } from '../../errors.ts';
import { openPool } from '../db/connections/open.ts';

/*
 * An operation costs one point for each object that its document can ask for, lists times `first`. A subscription
 * pays for each event, because each event executes its selection. Points are counted in Postgres, in an unlogged
 * table, so that all processes share one purse. A process draws a tenth of the purse at a time, so most operations
 * do not wait for it. The window is fixed: a viewer who spent everything waits until it ends, at the longest
 * COST_BURST / COST_PER_SECOND seconds. While the database does not answer each process counts for itself.
 */

/** What an operation cost, and how much is left: `extensions.cost` of every answer. */
export interface Cost {
  /** Points of this operation. */
  readonly requested: number;
  /** Points that the viewer has left. */
  readonly remaining: number;
  /** Points that come back in a second, on the average. */
  readonly restoreRate: number;
}

/** Counts points by viewer, in every process on one database together. */
export interface CostMeter {
  /** Takes points from a viewer; null is somebody without a limit. Throws RateLimited when there are too few. */
  spend(viewer: string | null, points: number): Promise<Cost>;
  /** The same without waiting; null when more must be drawn from the database first. */
  spendDrawn(viewer: string | null, points: number): Cost | null;
  close(): Promise<void>;
}

/**
 * Drawn from the database at once, so that most operations do not wait for it, a library's hundreds of points neither. Lost
 * when the process ends. As the purse empties portions get small, or most of its rest would lie in other processes.
 */
const portionsPerBurst = { plenty: 10, scarce: 50 };

interface Portion {
  left: number;
  beyond: number;
  readonly endsAt: number;
}

/**
 * A viewer may spend `burst` points at once; they come back within `burst / perSecond` seconds. While the database
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
    // By our migrations.
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

  function told(requested: number, remaining: number): Cost {
    return { requested, remaining: Math.max(0, remaining), restoreRate: perSecond };
  }

  /** Throws RateLimited when the viewer has fewer points left; what was asked for is given back then. */
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

  /** Draws what is missing, as a whole portion where there is one left; else the exact sum, which may still do. */
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
    if (viewer === null) return told(points, burst);
    const portion = portionOf(viewer);
    if (!portion || portion.left < points) return null;
    portion.left -= points;
    return told(points, portion.left + portion.beyond);
  }

  return {
    spendDrawn,
    async spend(viewer, points) {
      for (;;) {
        const spent = spendDrawn(viewer, points);
        if (spent || viewer === null) return spent ?? told(points, burst);
        // One draw at a time: those who wait for it may find that it is enough for them as well.
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
