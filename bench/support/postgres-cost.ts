import type pg from 'pg';
import { median } from '../result.ts';
import { withClient } from './client.ts';

/** What one request costs Postgres: the medians of the rounds. */
interface PostgresCost {
  readonly ms: number;
  readonly pages: number;
}

const rounds = 7;
const requestsEach = 40;

/**
 * Measures what requests cost Postgres, by pg_stat_statements: the time of planning and executing the statements of
 * lists, and the pages of the cache. The requests take turns.
 */
export async function postgresCostOf<Name extends string>(
  databaseUrl: string,
  ask: (body: string) => Promise<string>,
  bodies: Readonly<Record<Name, string>>,
): Promise<{ ratioTo(one: Name, other: Name): { readonly value: number; readonly note: string } }> {
  const adminUrl = databaseUrl.replace(/\/[^/]*$/, '/postgres');
  const database = databaseUrl.slice(databaseUrl.lastIndexOf('/') + 1);
  const taken = new Map<string, { ms: number[]; pages: number[] }>();
  await withClient(adminUrl, async (client) => {
    await client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    await trackPlanning(client, true);
    const measure = async (body: string): Promise<PostgresCost> => {
      await client.query('SELECT pg_stat_statements_reset()');
      for (let request = 0; request < requestsEach; request += 1) {
        const answer = await ask(body);
        if (answer.includes('"errors"')) throw new Error(answer.slice(0, 500));
      }
      const { rows } = await client.query<PostgresCost>(
        `SELECT coalesce(sum(s.total_exec_time + s.total_plan_time), 0)::float8 AS ms,
           coalesce(sum(s.shared_blks_hit + s.shared_blks_read), 0)::float8 AS pages
         FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
         WHERE d.datname = $1 AND s.query ~ 'parent\\.n'`,
        [database],
      );
      const { ms = Number.NaN, pages = Number.NaN } = rows[0] ?? {};
      return { ms: ms / requestsEach, pages: pages / requestsEach };
    };
    const all = Object.entries<string>(bodies);
    // Statements are prepared, and their pages are in memory, before anything is measured.
    for (const [, body] of all) await measure(body);
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, body] of all) {
        const { ms, pages } = await measure(body);
        const figures = taken.get(name) ?? { ms: [], pages: [] };
        taken.set(name, figures);
        figures.ms.push(ms);
        figures.pages.push(pages);
      }
    }
    await trackPlanning(client, false);
  });
  const costOf = (name: string): PostgresCost => {
    const { ms = [], pages = [] } = taken.get(name) ?? {};
    return { ms: median(ms), pages: median(pages) };
  };
  return {
    ratioTo(one, other) {
      const [ones, others] = [costOf(one), costOf(other)];
      const note = `${ones.ms.toFixed(2)} to ${others.ms.toFixed(2)} ms, ${ones.pages.toFixed(0)} to ${others.pages.toFixed(0)} pages of the cache; medians of ${rounds} rounds in turn`;
      return { value: ones.ms / others.ms, note };
    },
  };
}

/** Whether pg_stat_statements also measures planning, which costs a little. */
async function trackPlanning(client: pg.ClientBase, isOn: boolean): Promise<void> {
  await client.query(`ALTER SYSTEM SET pg_stat_statements.track_planning = ${isOn ? 'on' : 'off'}`);
  await client.query('SELECT pg_reload_conf()');
}
