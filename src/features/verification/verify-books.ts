import type pg from 'pg';
import { nilId } from '../../platform/db/nil-id.ts';
import { auditProjectBooks, type BooksProblem } from '../reconciliation/books.ts';
import type { Report } from './finding.ts';

/**
 * Compares the books of each project, also of deleted ones: the ledger with the runs, the budgets, the totals and the
 * analytics. There is one statement for a project, because it must see one moment. Resolves to the number of projects;
 * null when `signal` ended it before the last project.
 */
export async function verifyBooks(
  client: pg.ClientBase,
  report: Report,
  signal?: AbortSignal,
): Promise<number | null> {
  let count = 0;
  for await (const project of listProjects(client)) {
    if (signal?.aborted) return null;
    count += 1;
    for (const problem of await auditProjectBooks(client, project)) report({ ...describe(problem), project });
  }
  return count;
}

function describe({ kind, subject, expected, found }: BooksProblem) {
  return { kind, subject, message: `${subject}: expected ${expected}, found ${found}` };
}

/** Every project that has a row, runs or amounts. Each project takes one step in each index. */
async function* listProjects(client: pg.ClientBase): AsyncGenerator<string> {
  for (let after: string = nilId; ; ) {
    const { rows } = await client.query<{ next: string | null }>({
      name: 'next-project',
      text: `SELECT least(
        (SELECT id FROM projects WHERE id > $1::uuid ORDER BY id LIMIT 1),
        (SELECT project_id FROM ledger_entries WHERE project_id > $1::uuid ORDER BY project_id LIMIT 1),
        (SELECT project_id FROM spend_rollups WHERE project_id > $1::uuid ORDER BY project_id LIMIT 1),
        (SELECT project_id FROM account_totals WHERE project_id > $1::uuid ORDER BY project_id LIMIT 1))::text AS next`,
      values: [after],
    });
    const next = rows[0]?.next ?? null;
    if (next === null) return;
    yield next;
    after = next;
  }
}
