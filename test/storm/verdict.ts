import type { Job } from '../../src/simulator/jobs.ts';
import type { Asked } from './clients.ts';
import type { Database, Row } from './database.ts';
import { type Evidence, isInLapse, reasonForDoubt } from './doubt.ts';
import type { Submit } from './provider.ts';

/** What the provider says at a moment. */
export interface Claims {
  readonly jobs: ReadonlyMap<string, readonly Job[]>;
  /** By the id of the job. */
  readonly bill: ReadonlyMap<string, readonly bigint[]>;
  readonly submits: readonly Submit[];
}

export interface Verdict {
  readonly failures: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

const runs = `
  SELECT g.idempotency_key AS key, g.status, g.seed, extract(epoch FROM g.requested_at) * 1000 AS requested_at, g.failure_code, g.failure_message, g.holds_slot, g.hold_micros, g.cost_micros, l.spent, l.held, g.provider_account,
    (SELECT count(*) FROM generated_images i WHERE i.generation_id = g.id) AS images,
    (SELECT extract(epoch FROM max(at)) * 1000 FROM project_events e
      WHERE e.generation_id = g.id AND e.progress->>'status' = 'SUBMITTING') AS intent_at
  FROM generations g, LATERAL (
    SELECT coalesce(sum(CASE 'SPENT'::"LedgerAccount" WHEN debit THEN amount_micros WHEN credit THEN -amount_micros ELSE 0 END), 0) AS spent,
      coalesce(sum(CASE 'HELD'::"LedgerAccount" WHEN debit THEN amount_micros WHEN credit THEN -amount_micros ELSE 0 END), 0) AS held
    FROM ledger_entries WHERE generation_id = g.id) l`;

/** What must be true of the books of a house at rest; each row is a failure. */
const books = `
  SELECT 'slots are still taken in ' || name AS failure FROM projects
    WHERE active_generations <> 0 OR excess_generations <> 0
  UNION ALL
  SELECT 'the totals of account ' || coalesce(t.provider_account, l.provider_account) || ' are not its ledger'
  FROM (SELECT provider_account, sum(spent_micros) AS spent FROM account_totals GROUP BY 1) t
    FULL JOIN (SELECT provider_account, sum(CASE 'SPENT'::"LedgerAccount" WHEN debit THEN amount_micros WHEN credit THEN -amount_micros ELSE 0 END)
      AS spent FROM ledger_entries WHERE 'SPENT' IN (debit, credit) GROUP BY 1) l USING (provider_account)
  WHERE t.spent IS DISTINCT FROM l.spent
  UNION ALL
  SELECT 'the analytics of ' || p.name || ' are not its ledger' FROM projects p
  WHERE (SELECT coalesce(sum(amount_micros), 0) FROM spend_rollups r WHERE r.project_id = p.id AND slice = 'ALL')
    <> (SELECT coalesce(sum(CASE 'SPENT'::"LedgerAccount" WHEN debit THEN amount_micros WHEN credit THEN -amount_micros ELSE 0 END), 0)
      FROM ledger_entries e WHERE e.project_id = p.id)
  UNION ALL
  SELECT 'the events of ' || p.name || ' have gaps' FROM projects p JOIN project_events e ON e.project_id = p.id
  GROUP BY p.id HAVING count(*) <> p.last_sequence OR max(e.sequence) <> count(*) OR min(e.sequence) <> 1`;

/**
 * Compares what was asked for, what our books say and what the provider says, run by run, once everything rests.
 * `mayDoubt` tells whether runs may be UNCERTAIN, where a fault really hit them.
 */
export async function judge(
  database: Database,
  asked: readonly Asked[],
  claims: Claims,
  evidence: Evidence,
  { mayDoubt }: { mayDoubt: boolean },
): Promise<Verdict> {
  const failures: string[] = (await database.insist(books)).map(({ failure }) => String(failure));
  const counts: Record<string, number> = {};
  const count = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  const rows = new Map((await database.insist(runs)).map((row) => [String(row.key), row]));
  let spent = 0n;
  let charged = 0n;

  for (const { key, runId, refusals, answeredAt } of asked) {
    if (runId === null) {
      count(`refused: ${refusals.join(' ')}`);
      if (rows.has(key)) failures.push(`${key} was refused, and yet there is a run`);
    } else if (rows.has(key)) continue;
    else if (isInLapse(answeredAt, evidence.lapses)) count('accepted, and lost by the failover');
    else failures.push(`${key} was accepted, and its run is lost`);
  }
  // A request that is sent again after its run was lost has a run with another seed. A run whose submit was lost can be
  // canceled like one that waits, until the loss is noticed.
  const isUnsent = (row: Row | undefined) => row?.status === 'CANCELED' && row.intent_at === null;
  const jobsOf = (key: string, row: Row | undefined) =>
    (claims.jobs.get(key) ?? []).filter(
      ({ seed, acceptedAt }) =>
        String(seed) === String(row?.seed) && !(isUnsent(row) && isInLapse(acceptedAt, evidence.lapses)),
    );
  const accepted = new Set(asked.flatMap(({ key, runId }) => (runId === null ? [] : [key])));
  for (const [key, row] of rows) {
    const jobs = jobsOf(key, row);
    const bill = jobs.flatMap(({ id }) => claims.bill.get(id) ?? []);
    const total = bill.reduce((sum, each) => sum + each, 0n);
    const status = String(row.status);
    count(status);
    if (!accepted.has(key)) failures.push(`${key} was not accepted, and yet there is a run`);
    if (bill.length > 1 || jobs.length > 1)
      failures.push(`${key} was submitted ${jobs.length} times, billed ${bill.length} times`);
    failures.push(...problemsOf(row, total, jobs));
    spent += BigInt(String(row.spent));
    if (status !== 'UNCERTAIN') charged += total;
    else if (!mayDoubt)
      failures.push(
        `${key} is still UNCERTAIN; at the provider: ${jobs.map(({ failure }) => failure ?? 'taken').join() || 'nothing'}`,
      );
    else {
      const submits = claims.submits.filter((submit) => submit.key === key);
      const [requestedAt, intentAt] = [Number(row.requested_at), Number(row.intent_at)];
      const run = { requestedAt, intentAt, message: String(row.failure_message), submits, jobs };
      const doubt = reasonForDoubt(run, evidence);
      if (doubt) {
        count(`UNCERTAIN: ${doubt.reason}`);
        const longest = 'ms from intent to kill, longest';
        counts[longest] = Math.max(counts[longest] ?? 0, Math.round(doubt.afterMs));
      } else {
        const since = (moments: readonly number[]) =>
          moments
            .map((at) => Math.round(at - intentAt))
            .filter((ms) => Math.abs(ms) < 10_000)
            .join(', ') || 'never';
        const sent = since(submits.map(({ at }) => at));
        const crashed = since(evidence.crashes);
        const killed = since([...evidence.deaths.values()]);
        failures.push(
          `${key} is UNCERTAIN, and no fault hit it (sent ${sent}, crashed ${crashed}, killed ${killed} ms after its intent): ${run.message}`,
        );
      }
    }
  }
  for (const [key, jobs] of claims.jobs) {
    for (const job of jobs.filter((each) => !jobsOf(key, rows.get(key)).includes(each))) {
      if (isInLapse(job.acceptedAt, evidence.lapses)) count('jobs of runs that the failover lost');
      else failures.push(`${key} is at the provider, and no run of ours`);
    }
  }
  if (spent !== charged)
    failures.push(`the ledger has spent ${spent}, the provider charged ${charged} micro-dollars`);
  return { failures, counts };
}

/**
 * What is wrong with one run, by itself; `billed` is what the provider charged for it. A run may only have failed if it
 * never arrived there: that is how an uncertain one ends of which the provider knows nothing.
 */
function problemsOf(row: Row, billed: bigint, jobs: readonly Job[]): string[] {
  const problems: string[] = [];
  const [key, status] = [String(row.key), String(row.status)];
  const spent = BigInt(String(row.spent));
  const held = BigInt(String(row.held));
  const hold = BigInt(String(row.hold_micros));
  if (row.holds_slot === true) problems.push(`${key} rests and keeps a slot`);
  if (status === 'UNCERTAIN') {
    if (spent !== 0n || held !== hold)
      problems.push(`${key} is UNCERTAIN; its hold of ${hold} stands at ${held}`);
    if (hold < billed)
      problems.push(`${key} is UNCERTAIN; its hold of ${hold} does not cover a bill of ${billed}`);
    return problems;
  }
  const mayBe = jobs.length === 0 ? ['FAILED', 'CANCELED'] : ['COMPLETED', 'CANCELED'];
  if (!mayBe.includes(status))
    problems.push(
      `${key} is ${status}, the provider has ${jobs.length} of it: ${row.failure_code} ${row.failure_message}`,
    );
  if (held !== 0n) problems.push(`${key} is ${status}, and ${held} are still held`);
  if (spent !== billed)
    problems.push(`${key} is ${status}: the ledger spent ${spent}, the provider charged ${billed}`);
  if (row.cost_micros !== null && BigInt(String(row.cost_micros)) !== billed)
    problems.push(`${key} cost ${row.cost_micros}, not ${billed}`);
  if (status === 'COMPLETED' && Number(row.images) === 0)
    problems.push(`${key} is COMPLETED without a picture`);
  return problems;
}
