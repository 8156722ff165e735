import { StorageUnavailable } from '../../errors.ts';
import { persist } from '../../platform/db/persist.ts';
import type { Metrics, Status } from '../../platform/segmind/result.ts';
import { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { failureColumns } from '../generations/failure.ts';
import { atMove, type Move } from '../generations/move-generation.ts';
import { moveTogether } from '../generations/move-together.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { noteWaiting, type WaitReason, waitOf } from '../generations/waiting.ts';
import { isAway } from '../provider/answering.ts';
import { AccountUnusable } from '../provider-keys/provider-key.queries.ts';
import { type ExpectedEnd, errorDelayMs, pollDelayMs } from './poll-timing.ts';
import { failureOfRun } from './provider-failure.ts';
import { postpone } from './put-back.ts';
import { awaitStorage, untilStored } from './results/await-storage.ts';
import { costColumns, failPaid, keepAnswer, keepResult, letGo } from './results/keep-result.ts';
import { restate } from './results/record-late.ts';
import { accountOfRun, isKeyRefused } from './run-account.ts';
import type { Worker } from './worker.ts';

/**
 * A request id that the provider does not know may only be late. After this many such answers in a row, the request is
 * gone. In the same way the run has failed after this many HTTP statuses in a row that say so, also when no answer has
 * a body with the state.
 */
const surelyAfter = 4;
/** A single failed poll means little. After this many in a row the run shows a reason, and the provider is checked. */
const reportedAfter = 2;

/**
 * Polls a submitted run until it has ended or the provider forgets it. A poll costs nothing, so each error is retried,
 * with growing delays. Resolves to the run when its result is stored, null when the run has ended.
 */
export async function pollGeneration(
  ctx: Worker,
  submitted: GenerationRow,
  signal: AbortSignal,
): Promise<GenerationRow | null> {
  const { config } = ctx;
  const account = accountOfRun(ctx, submitted);
  const { providerRequestId: requestId, submittedAt } = submitted;
  if (requestId === null || submittedAt === null) throw new Error('A submitted run has no request id.');
  const timing = { minMs: config.SEGMIND_POLL_MIN_MS, maxMs: config.SEGMIND_POLL_MAX_MS };
  const chance = () => ctx.random.below(1_000) / 1_000;
  const expected = await expectedEnd(ctx, submitted);
  const startAgeMs = (await ctx.databaseNow()) - submittedAt.getTime();
  const startedAt = performance.now();
  const age = () => startAgeMs + (performance.now() - startedAt);
  let run = submitted;
  let errorsInRow = 0;
  let unknownInRow = 0;
  let failedInRow = 0;
  let waiting = waitOf(submitted)?.reason ?? null;
  const waitFor = async (reason: WaitReason | null) => {
    if (reason !== waiting) await noteWaiting(ctx, run, reason);
    waiting = reason;
  };
  let metrics: Status['metrics'] | null = null;

  for (;;) {
    // Kept for this round only, because the error may hold a whole answer.
    let failure: unknown = null;
    const delayMs =
      errorsInRow > 0
        ? errorDelayMs(errorsInRow, timing, chance())
        : pollDelayMs(age(), expected, timing, chance());
    await ctx.wheel.sleep(delayMs, signal);
    try {
      const pausedMs = ctx.pollPauses.remainingMs(account.client?.accountId ?? run.providerAccount ?? '');
      // A random part is added, so that the runs of the account do not all come back at once.
      if (pausedMs > 0) await ctx.wheel.sleep(pausedMs + chance() * timing.maxMs, signal);
      const status = await account.status(requestId);
      errorsInRow = unknownInRow = failedInRow = 0;
      if (waiting !== 'STORAGE') await waitFor(null);
      if (status.state === 'COMPLETED') {
        metrics = status.metrics;
        const asked = { ...ctx, segmind: account.client ?? ctx.segmind };
        return await ctx.results.take(run.projectId, () => collect(asked, run, requestId, status, signal));
      }
      if (status.state === 'FAILED') return await fail(ctx, run, status);
      for (const step of newsOf(ctx, run, status, age())) run = (await moveTogether(ctx, run, step)) ?? run;
    } catch (error) {
      failure = error;
      errorsInRow += 1;
      if (error instanceof AccountUnusable) {
        await waitFor('PROVIDER_KEY');
        // Another process may have the key. After the retention no key helps, because the provider has forgotten the
        // run.
        if (age() <= config.SEGMIND_RETENTION_MS)
          return postpone(ctx, run, config.SEGMIND_POLL_MAX_MS, 'PROVIDER_KEY');
      } else if (error instanceof StorageUnavailable) {
        // The provider's answer can be read again, so no bytes are held during the wait.
        await awaitStorage(ctx, run, signal, config.SEGMIND_RETENTION_MS - age());
        waiting = 'STORAGE';
      } else if (!(error instanceof SegmindError)) throw error;
      const said = error instanceof SegmindError ? error : null;
      // "Unknown" only counts from the account that took the run.
      const isUnknown = said?.code === 'REQUEST_NOT_FOUND' && run.providerAccount !== null;
      unknownInRow = isUnknown ? unknownInRow + 1 : 0;
      failedInRow = said?.code === 'JOB_FAILED' ? failedInRow + 1 : 0;
      if (said && failedInRow >= surelyAfter)
        return await fail(ctx, run, { error: said.detail, metrics: null });
      ctx.log.debug({ err: error, generationId: run.id }, 'a poll failed');
      const reason = waitOfError(said, errorsInRow);
      if (reason !== null) await waitFor(reason);
      // The provider may be unavailable for the submits of other runs, too.
      if (errorsInRow === reportedAfter) void ctx.health.suspect(error);
      // Another process reaches it.
      if (isAway(error) && ctx.health.isCutOff()) return postpone(ctx, run, 0, waiting);
      if (said?.code === 'RATE_LIMITED' && account.client) {
        const givenMs = said.retryAt && said.retryAt.getTime() - ctx.clock.now().getTime();
        ctx.pollPauses.pause(account.client.accountId, givenMs);
      }
    }
    const isPastRetention = age() > config.SEGMIND_RETENTION_MS;
    if (unknownInRow >= surelyAfter || (isPastRetention && errorsInRow > 0)) {
      const detail =
        waiting === 'PROVIDER_KEY' ? 'No usable key of the account that took it was known in time.' : '';
      await giveUp(ctx, run, { failure, detail, metrics, signal });
      return null;
    }
    // A job that never ends is given up when the provider removes its record.
    if (age() > config.SEGMIND_RETENTION_MS * 1.1) {
      await failPaid(
        ctx,
        run,
        'RESULT_EXPIRED',
        'It was still running when the provider stopped keeping it.',
        null,
      );
      return null;
    }
  }
}

/** Why a run waits after this many failed polls in a row; null when the reason is unknown, or there were too few. */
function waitOfError(error: SegmindError | null, errorsInRow: number): WaitReason | null {
  if (isKeyRefused(error)) return 'PROVIDER_KEY';
  if (error === null || errorsInRow < reportedAfter) return null;
  if (error.code === 'RATE_LIMITED') return 'PROVIDER_RATE_LIMIT';
  return isAway(error) ? 'PROVIDER_UNAVAILABLE' : null;
}

/** The ages at which such runs have ended so far; null when they are unknown. */
async function expectedEnd(ctx: Worker, run: GenerationRow): Promise<ExpectedEnd | null> {
  const time = await ctx.observedTimes(run.model, run.priceShape);
  return time && { fromMs: time.seconds5 * 1_000, toMs: time.seconds95 * 1_000 };
}

/** The moves that follow from a poll of a run that is still running. Mostly there are none. */
function newsOf(ctx: Worker, run: GenerationRow, { state }: Status, ageMs: number): Move[] {
  const hasStarted = state === 'PROCESSING' && run.status === 'SUBMITTED';
  const to = hasStarted ? 'PROCESSING' : run.status;
  return [
    ...(hasStarted ? [{ to, set: { startedAt: atMove } } as const] : []),
    ...(ageMs > ctx.config.SEGMIND_SLOW_AFTER_MS && !run.isSlow
      ? [{ to, from: [to], set: { isSlow: true }, event: 'GENERATION_SLOW' } as const]
      : []),
  ];
}

async function collect(
  ctx: Worker,
  run: GenerationRow,
  requestId: string,
  status: Status,
  signal: AbortSignal,
): Promise<GenerationRow | null> {
  // While this call waited for its turn, another worker may have taken the run.
  signal.throwIfAborted();
  try {
    const result = await ctx.segmind.result(requestId);
    const metrics = { ...result.metrics, costMicros: result.metrics.costMicros ?? status.metrics.costMicros };
    const from = ['SUBMITTED', 'PROCESSING'] as const;
    const kept = await keepResult(ctx, run, { ...result, metrics }, { from });
    if (!kept) await restate(ctx, run);
    return kept;
  } catch (error) {
    if (!(error instanceof SegmindError)) throw error;
    // The status was different a moment ago, but the result decides.
    if (error.code === 'JOB_FAILED') return fail(ctx, run, { ...status, error: error.detail });
    if (error.code !== 'ANSWER_INVALID') throw error;
    const problems = await keepAnswer(ctx, run, error).catch(async (cause: unknown) => {
      // The next poll reads the answer again.
      await letGo(error.spooled);
      throw cause;
    });
    await failPaid(ctx, run, 'RESULT_INVALID', error.detail ?? '', status.metrics, problems);
    return null;
  }
}

/**
 * Ends a run whose result the provider no longer keeps. The answer to the last attempt to read the result is stored.
 */
async function giveUp(
  ctx: Worker,
  run: GenerationRow,
  last: { failure: unknown; detail: string; metrics: Status['metrics'] | null; signal: AbortSignal },
): Promise<void> {
  const { failure, detail, metrics, signal } = last;
  if (failure instanceof StorageUnavailable) return failPaid(ctx, run, 'STORAGE_FAILED', '', metrics);
  const problems =
    failure instanceof SegmindError
      ? await untilStored(ctx, run, signal, () => keepAnswer(ctx, run, failure))
      : [];
  await failPaid(ctx, run, 'RESULT_EXPIRED', detail, metrics, problems);
}

/** How a run failed: the provider's message, and its figures when it sent any. */
interface Failed {
  readonly error: string | null;
  readonly metrics: Metrics | null;
}

async function fail(ctx: Worker, run: GenerationRow, { error, metrics }: Failed): Promise<null> {
  const isCharged = metrics?.costMicros != null || ctx.config.SEGMIND_FAILED_RUNS === 'charged';
  const failed = await persist.execute(() =>
    moveTogether(ctx, run, {
      to: 'FAILED',
      from: ['SUBMITTED', 'PROCESSING'],
      set: {
        ...failureColumns(failureOfRun(error)),
        inferenceSeconds: metrics?.inferenceSeconds ?? null,
        ...(isCharged ? costColumns(run, metrics) : { costMicros: 0n, costSource: 'NOT_CHARGED' }),
      },
    }),
  );
  if (!failed) await restate(ctx, run);
  return null;
}
