import { delay } from '../support/delay.ts';
import type { Row } from './database.ts';
import { isDown } from './database.ts';

type Query = (text: string, values?: unknown[]) => Promise<Row[]>;

const signed = (account: string) =>
  `coalesce(sum(CASE '${account}'::"LedgerAccount" WHEN debit THEN amount_micros WHEN credit THEN -amount_micros ELSE 0 END), 0)`;

/** What must hold at every moment, in one statement and so at one moment. Each row of its answer is a breach. */
const invariants = `
  SELECT CASE WHEN w.settled_micros + w.held_micros > w.cap_micros + w.overrun_micros
      THEN 'a window is beyond its cap' ELSE 'a window is not what the ledger says' END AS breach,
    jsonb_build_object('window', w, 'ledger', l) AS details
  FROM budget_windows w JOIN budgets b ON b.id = w.budget_id AND b.removed_at IS NULL,
    LATERAL (SELECT ${signed('SPENT')} AS settled, ${signed('HELD')} AS held FROM ledger_entries e
      WHERE e.project_id = b.project_id AND budget_covers(b, e.user_id, e.api_key_id, e.character_id, e.model)
        AND e.environment = w.environment
        AND entry_moment(e.requested_at, e.day) >= w.starts_at AND entry_moment(e.requested_at, e.day) < w.ends_at) l
  WHERE w.settled_micros + w.held_micros > w.cap_micros + w.overrun_micros
    OR w.settled_micros <> l.settled OR w.held_micros <> l.held
  UNION ALL
  SELECT CASE WHEN p.active_generations > p.max_concurrent_generations + p.excess_generations
      THEN 'more slots are taken than there are' ELSE 'slots are miscounted' END,
    jsonb_build_object('name', p.name, 'active', p.active_generations, 'max', p.max_concurrent_generations,
      'excess', p.excess_generations, 'holders', h.holders)
  FROM projects p, LATERAL (SELECT count(*) AS holders FROM generations g WHERE g.project_id = p.id AND g.holds_slot) h
  WHERE p.active_generations <> h.holders OR p.active_generations > p.max_concurrent_generations + p.excess_generations
  UNION ALL
  SELECT 'a run is with the provider without a slot', jsonb_build_object('key', g.idempotency_key, 'status', g.status)
  FROM generations g WHERE g.status IN ('SUBMITTING', 'SUBMITTED', 'PROCESSING') AND NOT g.holds_slot
  UNION ALL
  SELECT 'the ledger and the rows disagree on what is held',
    jsonb_build_object('project', p.name, 'rows', r.held, 'ledger', l.held)
  FROM projects p,
    LATERAL (SELECT coalesce(sum(hold_micros), 0) AS held FROM generations g
      WHERE g.project_id = p.id AND (NOT is_final(g.status) OR g.cost_micros IS NULL)) r,
    LATERAL (SELECT ${signed('HELD')} AS held FROM ledger_entries e WHERE e.project_id = p.id) l
  WHERE r.held <> l.held`;

/** What a provider charged is spent or held for, project by project. */
const covered = `
  SELECT p.name, b.micros AS billed, ${signed('SPENT')} + ${signed('HELD')} AS covered
  FROM unnest($1::text[], $2::bigint[]) AS b(project, micros) JOIN projects p ON p.id::text = b.project
    LEFT JOIN ledger_entries e ON e.project_id = p.id
  GROUP BY p.id, b.micros HAVING ${signed('SPENT')} + ${signed('HELD')} < b.micros`;

/** Projects with more jobs at the provider than slots. A run in doubt keeps its slot until its job must have ended. */
const crowded = `
  SELECT p.name, count(*) AS jobs, p.max_concurrent_generations AS max
  FROM generations g JOIN projects p ON p.id = g.project_id
  WHERE g.idempotency_key = ANY($1::text[])
  GROUP BY p.id HAVING count(*) > p.max_concurrent_generations + p.excess_generations`;

/** What the provider says at a moment. */
interface Look {
  /** What it works on, by key. */
  readonly inFlight: string[];
  /** What it has charged, by project. */
  readonly billed: ReadonlyMap<string, bigint>;
  /** Whether the database that is asked now is still the one that was there at that moment. */
  isComparable(): boolean;
}

/** Looks again and again, and remembers what should not have been. */
export class Invariants {
  readonly #query: Query;
  readonly #look: () => Look;
  /** Breaches by kind: how often, and the first one in full. */
  readonly breaches = new Map<string, { times: number; first: string }>();
  samples = 0;
  missed = 0;

  constructor(query: Query, look: () => Look) {
    this.#query = query;
    this.#look = look;
  }

  /** Samples until `signal` aborts. */
  async watch(everyMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.sample();
      await delay(everyMs);
    }
  }

  /** Looks once; a database that is away is not looked at. Throws when the look itself fails. */
  async sample(): Promise<void> {
    // The provider first: what the books say a moment later can only be more.
    const { inFlight, billed, isComparable } = this.#look();
    try {
      for (const { breach, details } of await this.#query(invariants)) this.#note(String(breach), details);
      const bill = [[...billed.keys()], [...billed.values()].map(String)];
      const [crowds, uncovered] = [await this.#query(crowded, [inFlight]), await this.#query(covered, bill)];
      this.samples += 1;
      if (!isComparable()) return;
      for (const row of crowds) this.#note('too many jobs at the provider', row);
      for (const row of uncovered) this.#note('a charge is not covered', row);
    } catch (error) {
      if (!isDown(error)) throw error;
      this.missed += 1;
    }
  }

  #note(kind: string, details: unknown): void {
    const known = this.breaches.get(kind);
    this.breaches.set(kind, {
      times: (known?.times ?? 0) + 1,
      first: known?.first ?? JSON.stringify(details),
    });
  }
}
