import { BudgetExceeded, type InputPath, UserError } from '../../errors.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import type { Prisma } from '../../platform/db/generated/client.ts';
import { recordEvent } from '../../platform/events/record-event.ts';
import { newWakeupId } from '../../platform/jobs/job-queue.ts';
import { refuseClosed } from '../access/authorize.ts';
import { lockProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import { isOverBudget, judgeBudgets, refusalOf } from '../budgets/verdicts.ts';
import { needsApproval } from './approval.ts';
import { type GenerationRow, writeProgress } from './progress.ts';
import { admitGeneration } from './slots.ts';

/** A run to be. */
export interface NewGeneration {
  readonly projectId: string;
  readonly characterId: string;
  readonly model: string;
  readonly modelVersion: string;
  readonly prompt: string | null;
  readonly parameters: Prisma.InputJsonObject;
  readonly references: Prisma.InputJsonArray;
  readonly seed: bigint;
  readonly priceMicros: bigint | null;
  readonly holdMicros: bigint;
  readonly priceShape: string;
  readonly outputCount: number;
  readonly resultKey: string | null;
  readonly requestHash: string;
  readonly idempotencyKey: string | null;
  readonly batch: string | null;
  readonly retryOfId: string | null;
}

type Tools = Uses<'db' | 'viewer' | 'jobs' | 'turns'>;

/**
 * Writes a run in one transaction or not at all: its row, its hold in the ledger and in every budget that covers it, its
 * slot and job where one is free, its event. `first` runs before, under the project's lock, and may answer a run that
 * makes this one unnecessary. It must find whatever shares a unique key with this one: an insert that met it would wait
 * for that run, while whoever holds the run waits for the project. Throws Conflict for a closed project, and
 * BudgetExceeded.
 */
export async function insertGeneration(
  ctx: Tools,
  run: NewGeneration,
  { field, first }: { field: string; first?: (tx: Transaction) => Promise<GenerationRow | null> },
): Promise<GenerationRow> {
  try {
    return await ctx.turns.take(run.projectId, () =>
      ctx.db.$transaction(async (tx) => {
        await lockProject(tx, run.projectId);
        return (await first?.(tx)) ?? insertGenerationIn(ctx, tx, run, field);
      }),
    );
  } catch (error) {
    throw await explainRefusal(ctx, run, error, null);
  }
}

/** The same in a transaction that holds the project; a budget's refusal comes as the database tells it. */
export async function insertGenerationIn(
  ctx: Tools,
  tx: Transaction,
  run: NewGeneration,
  field: string,
): Promise<GenerationRow> {
  const { projectId, characterId } = run;
  await refuseClosed(tx, projectId, field);
  const row = await tx.generation.create({
    data: {
      ...run,
      ...requester(ctx.viewer),
      status: (await needsApproval(tx, run)) ? 'AWAITING_APPROVAL' : 'QUEUED',
      wakeupId: newWakeupId(),
    },
  });
  await admitGeneration(ctx, tx, projectId);
  await recordAudit(tx, ctx.viewer, {
    projectId,
    action: 'GENERATION_REQUESTED',
    target: { type: 'Generation', id: row.id },
    details: { model: run.model },
  });
  await recordEvent(tx, {
    projectId,
    kind: 'GENERATION_REQUESTED',
    generationId: row.id,
    characterId,
    progress: writeProgress(row),
  });
  return row;
}

/** Whose budgets a run counts for: the person, also through a key of theirs, and the key. */
export function requester(viewer: Viewer): { userId: string | null; apiKeyId: string | null } {
  return {
    userId: viewer.kind === 'ADMIN' ? null : viewer.userId,
    apiKeyId: viewer.kind === 'API_KEY' ? viewer.apiKeyId : null,
  };
}

/** What a client is told when the database refused the hold: which budgets have no room for it. */
export async function explainRefusal(
  ctx: Tools,
  run: Pick<NewGeneration, 'projectId' | 'characterId' | 'model' | 'holdMicros'>,
  error: unknown,
  path: InputPath | null,
): Promise<unknown> {
  if (error instanceof UserError || !isOverBudget(error)) return error;
  const spender = { ...run, ...requester(ctx.viewer) };
  const verdicts = await judgeBudgets(ctx.db, spender, run.holdMicros);
  // There may be room again by now.
  return refusalOf(verdicts, path) ?? new BudgetExceeded('A budget had no room for it.', path);
}
