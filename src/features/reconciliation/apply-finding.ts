import { formatMicros } from '../../money.ts';
import type { TaskContext } from '../../platform/context.ts';
import { persist } from '../../platform/db/persist.ts';
import type { Segmind } from '../../platform/segmind/segmind.ts';
import { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { failureColumns } from '../generations/failure.ts';
import { moveGeneration } from '../generations/move-generation.ts';
import { newWakeupId, sendWakeups } from '../generations/queue/wakeup.ts';
import type { CostSource } from '../generations/record-cost.ts';
import { isDuplicateRequestId } from '../worker/results/keep-result.ts';
import type { Finding, UncertainRun, Witness } from './witness.ts';

type Tools = Pick<TaskContext, 'db' | 'jobs' | 'log'>;

/**
 * Moves an uncertain run to where a finding leads: to its pictures while the provider still has them, else to its end.
 * When the worker that came back, a person or another process was first, nothing happens. Resolves to
 * whether the run was moved. Throws SegmindError.
 */
export async function applyFinding(
  ctx: Tools,
  account: Segmind,
  run: UncertainRun,
  finding: Finding,
  witness: Witness['name'],
): Promise<boolean> {
  if (finding.kind === 'TAKEN') return collect(ctx, account, run, finding.requestId);
  if (finding.kind === 'NOT_CHARGED') {
    const found = 'was not charged; nothing was paid.';
    return settle(ctx, run, { witness, found, costMicros: 0n, costSource: 'NOT_CHARGED' });
  }
  if (finding.requestId !== null && (await isKept(account, finding.requestId)))
    return collect(ctx, account, run, finding.requestId);
  const { costMicros } = finding;
  const found = 'was charged, and its pictures can no longer be had.';
  if (costMicros !== null) return settle(ctx, run, { witness, found, costMicros, costSource: witness });
  const costSource = run.priceMicros === null ? null : 'PRICE_LIST';
  return settle(ctx, run, { witness, found, costMicros: run.priceMicros, costSource });
}

/** Whether the provider still has a request. */
async function isKept(account: Segmind, requestId: string): Promise<boolean> {
  try {
    await account.status(requestId);
    return true;
  } catch (error) {
    if (error instanceof SegmindError && error.code === 'REQUEST_NOT_FOUND') return false;
    throw error;
  }
}

/** From here on the run is like any other that was submitted: it is polled, and settled by the provider's own figure. */
async function collect(ctx: Tools, account: Segmind, run: UncertainRun, requestId: string): Promise<boolean> {
  const wakeupId = newWakeupId();
  try {
    const moved = await persist.execute(() =>
      moveGeneration(ctx, run.id, {
        to: 'SUBMITTED',
        from: ['UNCERTAIN'],
        token: run.attemptToken ?? undefined,
        set: {
          providerRequestId: requestId,
          providerAccount: account.accountId,
          submittedAt: run.attemptedAt,
          wakeupId,
          failureCode: null,
          failureMessage: null,
          failureRetryable: null,
        },
        also: (tx) => sendWakeups(ctx, tx, { id: wakeupId, generationId: run.id }),
      }),
    );
    if (moved)
      ctx.log.info({ generationId: run.id, requestId }, 'an uncertain run was found at the provider');
    return moved !== null;
  } catch (error) {
    if (!isDuplicateRequestId(error)) throw error;
    // The run that the id belongs to has written it down in the meantime.
    return false;
  }
}

interface Settlement {
  readonly witness: Witness['name'];
  readonly found: string;
  readonly costMicros: bigint | null;
  readonly costSource: CostSource | null;
}

const whoTold: Readonly<Record<Witness['name'], string>> = {
  HISTORY: "The provider's list of runs shows",
  BALANCE: "The balance of the provider's account shows",
};

async function settle(ctx: Tools, run: UncertainRun, settlement: Settlement): Promise<boolean> {
  // Its own worker knows more, and may have its pictures.
  if (run.mayBeAnswered) return false;
  const { witness, found, costMicros, costSource } = settlement;
  const message = `The connection broke while the run was submitted. ${whoTold[witness]} that it ${found}`;
  const moved = await persist.execute(() =>
    moveGeneration(ctx, run.id, {
      to: 'FAILED',
      from: ['UNCERTAIN'],
      token: run.attemptToken ?? undefined,
      set: {
        ...failureColumns({ code: 'SUBMISSION_UNCERTAIN', message, retryable: true }),
        costMicros,
        costSource,
      },
    }),
  );
  const cost = costMicros === null ? null : formatMicros(costMicros);
  if (moved) ctx.log.info({ generationId: run.id, witness, cost }, 'an uncertain run was settled');
  return moved !== null;
}
