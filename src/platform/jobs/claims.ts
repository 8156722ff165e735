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

/** How a process takes the jobs of a kind, keeps them, and lets go of them. */
export interface Claims {
  /** Takes jobs that are due: so many at the most, in their order. */
  fetch(limit: number, among?: Among): Promise<readonly FetchedJob[]>;
  /** Sends a heartbeat for each claim. Resolves to the jobs whose claims still stand. */
  touch(claims: readonly Claim[]): Promise<ReadonlySet<string>>;
  complete(claim: Claim): Promise<void>;
  /** Ends a try: the jobs are tried again, here or elsewhere. */
  fail(claims: readonly Claim[]): Promise<void>;
}

/** pg-boss answers which claims still stood; its types do not say so. */
const touched = z.object({ settled: z.array(z.string()).default([]) });

/**
 * The claims on jobs of a kind. They have a pool of their own, since a lease depends on them: without an answer they are
 * given up long before a lease ends.
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
