import { setTimeout as sleep } from 'node:timers/promises';
import type { PgBoss } from 'pg-boss';
import { z } from 'zod';
import type { openPool } from '../db/connections/open.ts';
import { type Holder, type Holding, leaseSeconds } from './holder.ts';
import type { Claim, QueueSettings } from './job.ts';
import { unjudgedSeconds } from './lease.ts';
import type { Among } from './places.ts';

/** A job as it is handed out. */
export interface FetchedJob extends Claim {
  readonly data: unknown;
  readonly retryLimit: number;
  /** The holder that has it, and when the fetch was sent. */
  readonly holder: Holder;
  readonly fetchedAt: number;
}

/** How a process takes the jobs of a kind, keeps its claims on them, and ends the claims. */
export interface Claims {
  /** Takes jobs that are due, at most `limit`, in their order. */
  fetch(limit: number, among?: Among): Promise<readonly FetchedJob[]>;
  /** Sends a heartbeat for each claim. Resolves to the ids of the jobs whose claims are still valid. */
  touch(claims: readonly Claim[]): Promise<ReadonlySet<string>>;
  /** Ends jobs that are done. Those that end within a tenth of a second share a statement. */
  complete(claim: Claim): Promise<void>;
  /** Ends a try: the jobs are tried again, in this process or in another one. */
  fail(claims: readonly Claim[]): Promise<void>;
  /** Ends the tries of all jobs that are active in the name of this process, except those with the `known` ids. */
  giveBackUnknown(known: ReadonlySet<string>): Promise<void>;
}

/** The active jobs of a kind that name a holder. */
const heldBy = `SELECT id::text AS id, retry_count AS "retryCount" FROM pgboss.job
  WHERE name = $1 AND state = 'active' AND output->>'holder' = $2`;

/** pg-boss returns the claims that were still valid, but its types do not have this. */
const touched = z.object({ settled: z.array(z.string()).default([]) });

/** A job that has ended may keep its row as active for this time: its run has moved on already. */
const completedMs = 100;

/** What the statements of pg-boss that begin or renew a claim contain once. */
const heartbeat = /heartbeat_on = pgboss\.job_now\(\)/g;

/**
 * Changes a statement of pg-boss that begins or renews claims: the heartbeat counts for longer, and the job names its
 * holder in `output`, which is empty while a job is active, and is written when its try ends. pg-boss has no option for
 * this. A second statement after the fetch would leave a moment in which a killed process leaves jobs without a holder.
 */
export function forHolder(text: string, holder?: Holder): string {
  if (text.match(heartbeat)?.length !== 1) throw new Error('pg-boss has changed how it writes heartbeats.');
  const named = holder ? `, output = '{"holder":"${holder.id}"}'::jsonb` : '';
  return text.replace(heartbeat, `$& + interval '${unjudgedSeconds - leaseSeconds} seconds'${named}`);
}

/** Makes a function that does its work for all items of a short time together. */
function gather<Item>(ms: number, work: (items: readonly Item[]) => Promise<void>) {
  let next: { readonly items: Item[]; readonly done: Promise<void> } | null = null;
  return (item: Item): Promise<void> => {
    if (next === null) {
      const items: Item[] = [];
      const done = sleep(ms).then(() => {
        next = null;
        return work(items);
      });
      next = { items, done };
    }
    next.items.push(item);
    return next.done;
  };
}

/**
 * The claims on jobs of a kind. They have their own pool of connections, because leases depend on them: its timeout is
 * shorter than a lease.
 */
export function createClaims(
  boss: PgBoss,
  pool: ReturnType<typeof openPool>,
  holding: Pick<Holding, 'current'>,
  { name, fairness }: Pick<QueueSettings<never>, 'name' | 'fairness'>,
): Claims {
  const by = (change: (text: string) => string) => ({
    db: { executeSql: (text: string, values?: unknown[]) => pool.query(change(text), values) },
  });
  const quick = by((text) => text);
  const fair = fairness ? { groupConcurrency: fairness.atOnce } : {};

  async function fail(claims: readonly Claim[]) {
    await boss.fail(name, [...claims], null, quick);
  }

  return {
    async fetch(limit, among = {}) {
      if (limit <= 0) return [];
      const holder = await holding.current();
      const fetchedAt = performance.now();
      const held = by((text) => forHolder(text, holder));
      const asked = { batchSize: limit, includeMetadata: true, ...fair, ...among, ...held } as const;
      const jobs = (await boss.fetch<unknown>(name, asked)) ?? [];
      return jobs.map((job) => ({ ...job, holder, fetchedAt }));
    },
    async touch(claims) {
      return new Set(touched.parse(await boss.touch(name, [...claims], by(forHolder))).settled);
    },
    complete: gather(completedMs, async (claims) => {
      await boss.complete(name, [...claims], null, quick);
    }),
    fail,
    async giveBackUnknown(known) {
      const { id: holderId } = await holding.current();
      const { rows } = await pool.query<Claim>(heldBy, [name, holderId]);
      const unknown = rows.filter(({ id }) => !known.has(id));
      if (unknown.length > 0) await fail(unknown);
    },
  };
}
