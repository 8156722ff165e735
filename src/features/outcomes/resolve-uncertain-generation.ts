import { Conflict, InputProblem } from '../../errors.ts';
import { formatMicros } from '../../money.ts';
import type { Uses } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { problemsOfAmount, problemsOfUnusualAmount } from '../../platform/graphql/amount.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorize } from '../access/authorize.ts';
import { recordAudit } from '../access/record-audit.ts';
import { findLiveCharacter } from '../characters/character.queries.ts';
import { failureColumns } from '../generations/failure.ts';
import { findGeneration } from '../generations/generation.queries.ts';
import { longestAnswerMs } from '../generations/late-answer.ts';
import { moveGenerationIn } from '../generations/move-generation.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { type FoundCost, recordCost } from '../generations/record-cost.ts';
import { explainRefusal, insertGenerationIn } from '../requests/insert-generation.ts';
import { repeatGeneration } from '../requests/repeat-generation.ts';
import type { ResolveUncertainGenerationInput } from './resolution.type.ts';

/*
 * A run becomes UNCERTAIN in two ways. Its own worker says so: then no answer will come. Or its worker fell silent:
 * then it may still come, and a person's word is only taken once the longest answer has had its time (TOO_EARLY).
 * Proof is looked for in this order: the worker itself; the provider's list of runs, where one is configured,
 * matched by model, seed and each parameter; the balance of the account between two moments at which nothing was
 * under way; a person. Each witness stands behind one interface, and says nothing where something speaks against it.
 */

type Tools = Uses<'db' | 'viewer' | 'loaders' | 'config' | 'jobs' | 'turns' | 'segmind'>;

/**
 * Stores what a person has found out: whether the provider charged an UNCERTAIN run, or what an ended run cost when no
 * figure was known. With `retry` the same run is requested again, in the same transaction: when its hold does not fit,
 * nothing is written. Throws NotFound, Forbidden, InputProblem, BudgetExceeded, and Conflict: NOT_UNCERTAIN, and
 * TOO_EARLY while the worker that handed the run over may still bring the answer.
 */
export async function resolveUncertainGeneration(
  ctx: Tools,
  input: ResolveUncertainGenerationInput,
): Promise<GenerationRow> {
  const run = await findGeneration(ctx, fromGlobalId('Generation', input.id));
  const { projectId } = run;
  await authorize(ctx, projectId, 'RESOLVE_GENERATIONS', 'Generation');
  const found = foundCost(run, input);
  if (input.retry) await refuseRetry(ctx, run);
  const next = input.retry ? await repeatGeneration(ctx, run) : null;
  const resolve = async (tx: Transaction) => {
    await refuseEarly(ctx, tx, run);
    const resolved = await settle(ctx, tx, run, found);
    if (!resolved) throw await notUncertain(tx, run.id);
    if (next) await insertGenerationIn(ctx, tx, next, 'id');
    return resolved;
  };
  try {
    return await ctx.turns.take(projectId, () => ctx.db.$transaction(resolve));
  } catch (error) {
    throw next ? await explainRefusal(ctx, next, error, ['input', 'retry']) : error;
  }
}

async function refuseRetry(ctx: Tools, run: GenerationRow): Promise<void> {
  if (run.status === 'COMPLETED')
    throw new InputProblem(['input', 'retry'], 'A COMPLETED run cannot be repeated.');
  await findLiveCharacter(ctx, run.characterId, 'id');
}

async function refuseEarly({ config }: Tools, tx: Transaction, { id }: GenerationRow): Promise<void> {
  const longestMs = longestAnswerMs(config);
  const [early] = await tx.$queryRaw<{ seconds: number }[]>`
    SELECT ceil(${longestMs} / 1000.0 - extract(epoch FROM now() - attempted_at))::int AS seconds FROM generations
    WHERE id = ${id}::uuid AND status = 'UNCERTAIN' AND NOT is_attempt_over
      AND attempted_at > now() - ${longestMs} * interval '1 millisecond'
    FOR NO KEY UPDATE`;
  if (!early) return;
  const message = `The worker that submitted the run may still receive the response. Try again in ${early.seconds} s.`;
  throw new Conflict('TOO_EARLY', message, ['input', 'id']);
}

async function notUncertain(tx: Transaction, id: string): Promise<Conflict> {
  const { status } = await tx.generation.findUniqueOrThrow({ where: { id } });
  const message = `The run is ${status}. Only an UNCERTAIN run, or an ended run whose cost is unknown, can be settled.`;
  return new Conflict('NOT_UNCERTAIN', message, ['input', 'id']);
}

function foundCost(run: GenerationRow, input: ResolveUncertainGenerationInput): FoundCost {
  const { outcome, amount } = input;
  const path = ['input', 'amount'];
  if (outcome === 'NOT_CHARGED') {
    if (amount != null) throw new InputProblem(path, 'amount is only for CHARGED.');
    return { costMicros: 0n, costSource: 'NOT_CHARGED' };
  }
  const expected = [run.holdMicros, run.priceMicros ?? 0n].reduce((most, each) =>
    each > most ? each : most,
  );
  const unusual = input.confirmUnusualCost ? [] : problemsOfUnusualAmount('amount', amount, expected);
  const [problem] = [...problemsOfAmount('amount', amount), ...unusual];
  if (problem) throw problem;
  const costMicros = amount ?? run.priceMicros;
  if (costMicros === null)
    throw new InputProblem(
      path,
      "amount is needed, because the model has no list price. The provider's bill shows the amount.",
    );
  return { costMicros, costSource: 'PERSON' };
}

async function settle(ctx: Tools, tx: Transaction, run: GenerationRow, found: FoundCost) {
  const also = () =>
    recordAudit(tx, ctx.viewer, {
      projectId: run.projectId,
      action: 'GENERATION_RESOLVED',
      target: { type: 'Generation', id: run.id },
      details: { cost: formatMicros(found.costMicros) },
    });
  if (run.status !== 'UNCERTAIN') {
    if (run.costMicros !== null) return null;
    const recorded = await recordCost(tx, run, found);
    if (recorded) await also();
    return recorded;
  }
  const wasCharged = found.costSource === 'PERSON';
  const message = `The connection broke while the run was submitted. A person found that it was ${wasCharged ? '' : 'not '}charged.`;
  return moveGenerationIn(ctx, tx, run.id, {
    to: 'FAILED',
    from: ['UNCERTAIN'],
    set: {
      ...failureColumns({ code: 'SUBMISSION_UNCERTAIN', message, retryable: true }),
      costMicros: found.costMicros,
      costSource: found.costSource,
    },
    also,
  });
}
