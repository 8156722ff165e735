import { randomUUID } from 'node:crypto';
import type { Outage } from '../../logger.ts';
import type { openPool } from '../db/connections/open.ts';
import { Alarm } from './alarm.ts';
import type { Claim } from './job.ts';

/*
 * A process that works on jobs is a holder: a row, which it renews every 2.5 seconds, and which each of its active jobs
 * names. So a renewal writes one row for any number of jobs; heartbeats of 3,000 jobs wrote 340 kB of WAL a second.
 *
 * A row that was not renewed for ten seconds is over, and its jobs are given back. The mark is committed before any job
 * is given back. So a process whose renewal comes late either finds its row unmarked, and nothing was taken from it, or
 * it finds the mark, and none of its leases is valid again. A row that is gone counts as marked: the database went back.
 *
 * Each renewal reads when the next holder will be over. A process looks again at exactly that time, so a takeover begins
 * ten seconds after the last renewal of a killed process.
 */

/** How long a holder, and with it the leases of its process, are valid without a renewal. */
export const leaseSeconds = 10;
const renewEveryMs = 2_500;
/** The delay after a failed renewal. It is short, because the leases end soon. */
const renewAgainMs = 250;
/** After an outage of the database all other processes get this time to renew, before their jobs are taken over. */
const graceMs = 1_000;
const shortestMs = 20;

/** The row of this process. When it is over the process makes a new one. */
export class Holder {
  readonly id = randomUUID();
  private renewedAt = Number.NEGATIVE_INFINITY;

  /** The renewal that was sent at this moment has succeeded. */
  renewed(sentAt: number): void {
    this.renewedAt = sentAt;
  }

  /** Whether no other process can have taken the jobs over. */
  isFresh(): boolean {
    return performance.now() - this.renewedAt < (leaseSeconds - 2) * 1_000;
  }

  /** Another process has marked the row. */
  end(): void {
    this.renewedAt = Number.NEGATIVE_INFINITY;
  }
}

/** A job that its holder has lost. */
interface LostJob extends Claim {
  readonly name: string;
}

/** The holder of a process, and the watch over the holders of the other processes. */
export interface Holding {
  /** A holder that is fresh now. Throws when the database does not renew it. */
  current(): Promise<Holder>;
  /** Ends the watch, and marks the row as over. All jobs have been given back by then. */
  end(): Promise<void>;
}

const insert = 'INSERT INTO job_holders (id, seen_at) VALUES ($1, now())';
const renewal = `
  WITH mine AS (UPDATE job_holders SET seen_at = now() WHERE id = $1 AND NOT is_over RETURNING id)
  SELECT EXISTS (SELECT FROM mine) AS "isMine", (
    SELECT min(CASE WHEN is_over THEN 0 ELSE extract(epoch FROM seen_at - now()) * 1000 + ${leaseSeconds}000 END)
    FROM job_holders WHERE id <> $1)::float8 AS "othersEndMs"`;
const mark = `UPDATE job_holders SET is_over = true WHERE NOT is_over AND seen_at < now() - interval '${leaseSeconds} seconds'`;
/** Jobs of older builds name no holder. Their own heartbeats decide. */
const lost = `SELECT j.name, j.id::text AS id, j.retry_count AS "retryCount" FROM pgboss.job j
  WHERE j.state = 'active' AND j.output ? 'holder' AND NOT EXISTS (
    SELECT FROM job_holders h WHERE h.id::text = j.output->>'holder' AND NOT h.is_over)`;
/** The row stays for a minute: a fetch that its process sent before the mark may be executed after it. */
const remove = `DELETE FROM job_holders WHERE is_over AND seen_at < now() - interval '1 minute'`;
const over = 'UPDATE job_holders SET is_over = true WHERE id = $1';

/** Keeps a holder, and gives back the jobs of other holders that are over. `giveBack` ends the tries of these jobs. */
export function startHolding(
  pool: ReturnType<typeof openPool>,
  giveBack: (name: string, claims: readonly Claim[]) => Promise<void>,
  outage: Outage,
): Holding {
  const alarm = new Alarm();
  let holder: Holder | null = null;
  let renewing: Promise<number | null> | null = null;
  let hasSettled = false;
  let isEnding = false;

  /** Resolves to the time until another holder is over; null when there is none. */
  async function renew(): Promise<number | null> {
    const sentAt = performance.now();
    const mine = holder ?? new Holder();
    if (holder === null) await pool.query(insert, [mine.id]);
    holder = mine;
    const { rows } = await pool.query<{ isMine: boolean; othersEndMs: number | null }>(renewal, [mine.id]);
    const [row] = rows;
    if (row?.isMine) {
      mine.renewed(sentAt);
      return row.othersEndMs;
    }
    mine.end();
    holder = null;
    await renew();
    // The database may have gone back: then jobs name holders that it does not know.
    return 0;
  }

  function renewOnce(): Promise<number | null> {
    renewing ??= renew().finally(() => {
      renewing = null;
    });
    return renewing;
  }

  async function takeOver(): Promise<void> {
    await pool.query(mark);
    const { rows } = await pool.query<LostJob>(lost);
    for (const [name, jobs] of Map.groupBy(rows, (job) => job.name))
      await giveBack(
        name,
        jobs.map(({ id, retryCount }) => ({ id, retryCount })),
      );
    await pool.query(remove);
  }

  async function keep(): Promise<void> {
    while (!isEnding) {
      let waitMs = renewEveryMs;
      try {
        const othersEndMs = (await renewOnce()) ?? Number.POSITIVE_INFINITY;
        if (!hasSettled) waitMs = graceMs;
        else if (othersEndMs <= 0) await takeOver();
        else waitMs = Math.min(renewEveryMs, othersEndMs + shortestMs);
        hasSettled = true;
        outage.worked();
      } catch (error) {
        outage.failed(error);
        hasSettled = false;
        waitMs = renewAgainMs;
      }
      await alarm.wait(isEnding ? 0 : waitMs);
    }
  }

  const keeping = keep();

  return {
    async current() {
      if (!holder?.isFresh()) await renewOnce();
      if (!holder?.isFresh()) throw new Error('The holder of the jobs was not renewed in time.');
      return holder;
    },
    async end() {
      isEnding = true;
      alarm.within(0);
      await keeping;
      if (holder) await pool.query(over, [holder.id]).catch(() => undefined);
    },
  };
}
