import type { PgBoss } from 'pg-boss';
import { z } from 'zod';
import type { openPool } from '../db/connections/open.ts';
import type { QueueSettings } from './job.ts';
import type { Claim } from './lease.ts';
import type { Among } from './places.ts';

/** A job as it is handed out. */
export interface FetchedJob extends Claim {
  readonly data: unknown;
  readonly retryLimit: number;
}

/** How a process takes the jobs of a kind, keeps its claims on them, and ends the claims. */
export interface Claims {
  /** Takes jobs that are due, at most `limit`, in their order. */
  fetch(limit: number, among?: Among): Promise<readonly FetchedJob[]>;
  /** Sends a heartbeat for each claim. Resolves to the ids of the jobs whose claims are still valid. */
  touch(claims: readonly Claim[]): Promise<ReadonlySet<string>>;
  complete(claim: Claim): Promise<void>;
  /** Ends a try: the jobs are tried again, in this process or in another one. */
  fail(claims: readonly Claim[]): Promise<void>;
}

/** pg-boss returns the claims that were still valid, but its types do not have this. */
const touched = z.object({ settled: z.array(z.string()).default([]) });

/**
 * The claims on jobs of a kind. They have their own pool of connections, because leases depend on them: its timeout is
 * shorter than a lease.
 */
export function createClaims(
  boss: PgBoss,
  pool: ReturnType<typeof openPool>,
  { name, fairness }: Pick<QueueSettings<never>, 'name' | 'fairness'>,
): Claims {
  const quick = { db: { executeSql: (text: string, values?: unknown[]) => pool.query(text, values) } };
  const fair = fairness ? { groupConcurrency: fairness.atOnce } : {};
  return {
    async fetch(limit, among = {}) {
      if (limit <= 0) return [];
      const asked = { batchSize: limit, includeMetadata: true, ...fair, ...among, ...quick } as const;
      return (await boss.fetch<unknown>(name, asked)) ?? [];
    },
    async touch(claims) {
      return new Set(touched.parse(await boss.touch(name, [...claims], quick)).settled);
    },
    async complete(claim) {
      await boss.complete(name, claim, null, quick);
    },
    async fail(claims) {
      await boss.fail(name, [...claims], null, quick);
    },
  };
}
