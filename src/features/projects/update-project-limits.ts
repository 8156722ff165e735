import { InputProblem, InputProblems } from '../../errors.ts';
import { formatMicros } from '../../money.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { problemsOfAmount } from '../../platform/graphql/amount.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { lockStandingProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import { recordEvent } from '../access/record-event.ts';
import { findProject, type ProjectRow } from './project.queries.ts';
import type { UpdateProjectLimitsInput } from './project.type.ts';

const mostConcurrent = 10_000;

/**
 * Changes how many runs of a project may be under way, and above which amounts they need approval. Runs under way
 * continue, also above a lowered limit. Throws NotFound, Forbidden, InputProblems, and Conflict for a project that is
 * being deleted.
 */
export async function updateProjectLimits(ctx: Asker, input: UpdateProjectLimitsInput): Promise<ProjectRow> {
  const { id } = await findProject(ctx, fromGlobalId('Project', input.id));
  await authorize(ctx, id, 'MANAGE_BUDGETS');
  const problems = problemsOf(input);
  if (problems.length > 0) throw new InputProblems(problems);
  return ctx.db.$transaction(async (tx) => {
    await lockStandingProject(tx, id, 'id');
    const before = await tx.project.findUniqueOrThrow({ where: { id } });
    const limits = {
      maxConcurrentGenerations: input.maxConcurrentGenerations ?? before.maxConcurrentGenerations,
      // Null is a value: no approval is needed. Undefined keeps the amount.
      approvalPerRunMicros:
        input.approvalPerRun === undefined ? before.approvalPerRunMicros : input.approvalPerRun,
      approvalPerBatchMicros:
        input.approvalPerBatch === undefined ? before.approvalPerBatchMicros : input.approvalPerBatch,
    };
    const isSame =
      limits.maxConcurrentGenerations === before.maxConcurrentGenerations &&
      limits.approvalPerRunMicros === before.approvalPerRunMicros &&
      limits.approvalPerBatchMicros === before.approvalPerBatchMicros;
    if (isSame) return before;
    await write(tx, id, limits);
    const amount = (micros: bigint | null) => (micros === null ? null : formatMicros(micros));
    await recordAudit(tx, ctx.viewer, {
      projectId: id,
      action: 'PROJECT_LIMITS_UPDATED',
      target: { type: 'Project', id },
      details: {
        maxConcurrentGenerations: limits.maxConcurrentGenerations,
        approvalPerRun: amount(limits.approvalPerRunMicros),
        approvalPerBatch: amount(limits.approvalPerBatchMicros),
      },
    });
    await recordEvent(tx, { projectId: id, kind: 'PROJECT_LIMITS_UPDATED' });
    return tx.project.findUniqueOrThrow({ where: { id } });
  });
}

type Limits = Pick<
  ProjectRow,
  'maxConcurrentGenerations' | 'approvalPerRunMicros' | 'approvalPerBatchMicros'
>;

/** One statement, so that the runs under way are counted at the moment when the limit changes. */
async function write(tx: Transaction, id: string, limits: Limits): Promise<void> {
  await tx.$executeRaw`
    UPDATE projects SET max_concurrent_generations = ${limits.maxConcurrentGenerations}::int,
      excess_generations = greatest(0, active_generations - ${limits.maxConcurrentGenerations}::int),
      approval_per_run_micros = ${limits.approvalPerRunMicros}::bigint,
      approval_per_batch_micros = ${limits.approvalPerBatchMicros}::bigint
    WHERE id = ${id}::uuid`;
}

function problemsOf(input: UpdateProjectLimitsInput): InputProblem[] {
  const problems: InputProblem[] = [];
  const { maxConcurrentGenerations: most } = input;
  if (most != null && (most < 0 || most > mostConcurrent)) {
    const message = `maxConcurrentGenerations must be from 0 to ${mostConcurrent}; got ${most}.`;
    problems.push(new InputProblem(['input', 'maxConcurrentGenerations'], message));
  }
  return [
    ...problems,
    ...problemsOfAmount('approvalPerRun', input.approvalPerRun),
    ...problemsOfAmount('approvalPerBatch', input.approvalPerBatch),
  ];
}
