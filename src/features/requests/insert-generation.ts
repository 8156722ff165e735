import { BudgetExceeded, type InputPath, NotFound, Unavailable } from '../../errors.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { urgent } from '../../platform/jobs/places.ts';
import { closedProject } from '../access/authorize.ts';
import { refusalOf } from '../budgets/verdicts.ts';
import { readRow } from '../generations/columns/statement.ts';
import { type GenerationRow, untouched } from '../generations/progress.ts';
import { urgentUpTo } from '../generations/queue/slots.ts';
import { wakeups } from '../generations/queue/wakeup.ts';
import { isImageGone } from '../images/image-gone.ts';
import { keyReused } from './idempotency.ts';
import { type NewGeneration, toColumns } from './new-generation.ts';
import { judgeHold } from './spender.ts';

type Tools = Uses<'db' | 'viewer' | 'jobs' | 'turns'>;

/**
 * Writes a run whole or not at all: its row, its hold in the ledger and in each budget that covers it, its slot and job
 * when a slot is free, its audit entry and its event. All requests of a project that come while one waits for its lock
 * are written in one transaction. Resolves to an existing run when the idempotency key, the repeated run or `reuse`
 * leads to one. Throws Conflict for a project that is archived or being deleted, or a key that was used for another
 * request, BudgetExceeded, and NotFound for a picture that is gone.
 */
export async function insertGeneration(
  ctx: Tools,
  run: NewGeneration,
  field: string,
): Promise<GenerationRow> {
  try {
    const answer = await ctx.turns.share(run.projectId, { run, viewer: ctx.viewer }, (requests) =>
      writeRequests(ctx.db, run.projectId, requests),
    );
    return rowOf(answer, field);
  } catch (error) {
    throw await explainRefusal(ctx, run, error, null);
  }
}

/**
 * The same in the caller's transaction. The caller must not commit when a budget refuses the run; `explainRefusal`
 * gives the error for the client.
 */
export async function insertGenerationIn(
  ctx: Tools,
  tx: Transaction,
  run: NewGeneration,
  field: string,
): Promise<GenerationRow> {
  const [answer] = await writeRequests(tx, run.projectId, [{ run, viewer: ctx.viewer }]);
  if (!answer) throw new Error('The database did not answer the request.');
  return rowOf(answer, field);
}

interface Request {
  readonly run: NewGeneration;
  readonly viewer: Viewer;
}

interface Answer {
  readonly outcome:
    | 'MADE'
    | 'KNOWN'
    | 'KEY_REUSED'
    | 'OVER_BUDGET'
    | 'OTHER_ENVIRONMENT'
    | 'PROJECT_GONE'
    | 'PROJECT_DELETING'
    | 'PROJECT_ARCHIVED';
  readonly row: GenerationRow | null;
}

/**
 * The only code that makes runs. The function `make_generations` writes them one by one, in their order, and the wake-ups
 * of those that get a slot. It is a single statement, which is its own transaction. A worker hears of their events.
 */
async function writeRequests(
  db: Pick<Transaction, '$queryRaw'>,
  projectId: string,
  requests: readonly Request[],
): Promise<Answer[]> {
  const asked = JSON.stringify(requests.map(({ run, viewer }) => toColumns(run, viewer)));
  const answers = await db.$queryRaw<{ place: number; outcome: Answer['outcome']; id: string | null }[]>`
    SELECT place, outcome, (made).*
    FROM make_generations(${projectId}::uuid, ${asked}::jsonb, ${JSON.stringify(untouched)}::jsonb, ${wakeups.name},
      ${urgentUpTo}::int, ${urgent}::int) ORDER BY place`;
  return answers.map(({ place: _, outcome, ...columns }) => ({
    outcome,
    row: columns.id === null ? null : readRow(columns),
  }));
}

function rowOf({ outcome, row }: Answer, field: string): GenerationRow {
  if (outcome === 'KEY_REUSED') throw keyReused();
  if (outcome === 'OVER_BUDGET') throw new OverBudget();
  if (outcome === 'OTHER_ENVIRONMENT')
    throw new Unavailable('The database has changed to another provider environment than this process has.');
  if (outcome === 'PROJECT_GONE') throw new NotFound('Project');
  if (outcome === 'PROJECT_DELETING' || outcome === 'PROJECT_ARCHIVED') throw closedProject(outcome, field);
  if (!row) throw new Error('A run was written and cannot be read.');
  return row;
}

/** The database refused a hold. */
class OverBudget extends Error {}

/**
 * The error for a client when the database refused a run: the budgets that it does not fit into, or a missing picture.
 */
export async function explainRefusal(
  ctx: Tools,
  run: Pick<NewGeneration, 'projectId' | 'characterId' | 'model' | 'holdMicros'>,
  error: unknown,
  path: InputPath | null,
): Promise<unknown> {
  if (isImageGone(error)) return new NotFound('Image');
  if (!(error instanceof OverBudget)) return error;
  const verdicts = await judgeHold(ctx, run, run.holdMicros);
  // It may fit by now, because other holds were released.
  return refusalOf(verdicts, path) ?? new BudgetExceeded('The run did not fit into a budget.', path);
}
