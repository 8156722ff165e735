import { StorageUnavailable } from '../../../errors.ts';
import { forEachOf } from '../../../platform/for-each-of.ts';
import { inspectPicture } from '../../../platform/pictures/inspect-picture.ts';
import { PictureRefused } from '../../../platform/pictures/picture-refused.ts';
import { SegmindError } from '../../../platform/segmind/segmind-error.ts';
import { blobKey } from '../../../platform/storage/blob-key.ts';
import type { StoredOutputProblem } from '../../generations/output-problem.ts';
import type { GenerationRow } from '../../generations/progress.ts';
import { type DeliveredOutput, deliveredOutputs } from '../../generations/stored-run.ts';
import { type ImageRow, storeImage } from '../../images/store-image.ts';
import type { Worker } from '../worker.ts';
import { awaitStorage, noteWait, storingDelayMs } from './await-storage.ts';
import { keepRefused, keepSpooled, letGo } from './keep-result.ts';

/*
 * A run takes only some of its project's places, so a run with ten thousand outputs shares them with the others. Its
 * outputs are tried in rounds: an output that fails for now waits for the next round and delays no other.
 */

/** The places of a project that one run takes at most. A run may have ten thousand outputs, and other runs have one. */
const placesOfRun = 4;
/** The share of the retention for which the outputs are tried at least, also when the retention is over. */
const leastShare = 0.1;
/** The longest address of an output that is shown. */
const longestAddress = 4_096;

/** The result for an output: a picture, a problem, or both when a part of the picture is missing. */
export type Stored =
  | { readonly index: number; readonly image: ImageRow; readonly problem?: StoredOutputProblem }
  | StoredOutputProblem;

/** An output that is tried again, and its problem so far. */
interface Waiting {
  readonly output: DeliveredOutput;
  readonly problem: StoredOutputProblem | null;
}

/** How long a run's outputs are tried: until the worker is asked to hand over, or the provider no longer keeps them. */
interface Patience {
  readonly signal: AbortSignal;
  readonly leftMs: () => number;
}

/**
 * Stores all outputs of a run, in rounds. An output with a temporary failure waits for the next round, so that it takes
 * no place and no memory from other outputs meanwhile. Resolves in the order of the outputs.
 */
export async function storeOutputs(ctx: Worker, run: GenerationRow, signal: AbortSignal): Promise<Stored[]> {
  const patience = { signal, leftMs: await retentionOf(ctx, run) };
  const stored: Stored[] = [];
  let waiting: readonly Waiting[] = deliveredOutputs(run).map((output) => ({ output, problem: null }));
  for (let failures = 0; ; failures += 1) {
    const round = await storeRound(ctx, run, waiting, patience);
    stored.push(...round.stored);
    waiting = round.failed;
    if (waiting.length === 0) return stored.sort((one, other) => one.index - other.index);
    const hasAddress = waiting.some(({ output }) => 'url' in output);
    if (round.isStorageDown) await awaitStorage(ctx, run, signal, hasAddress ? patience.leftMs() : undefined);
    else if (failures > 0) await noteWait(ctx, run, 'PROVIDER_UNAVAILABLE');
    await ctx.wheel.sleep(storingDelayMs(ctx, failures), signal);
  }
}

/** Tries each output once. Outputs with a temporary failure are in `failed`. */
async function storeRound(
  ctx: Worker,
  run: GenerationRow,
  waiting: readonly Waiting[],
  patience: Patience,
): Promise<{ readonly stored: Stored[]; readonly failed: Waiting[]; readonly isStorageDown: boolean }> {
  const [stored, failed, outages]: [Stored[], Waiting[], StorageUnavailable[]] = [[], [], []];
  await forEachOf(waiting, placesOfRun, async ({ output, problem }) => {
    if (isTooLate(output, patience)) {
      stored.push(
        problem ?? { ...placeOf(output), code: 'TIMED_OUT', message: 'There was no time left to fetch it.' },
      );
      return;
    }
    try {
      // A failure of the storage that one output met also stops the others.
      if (outages[0] && ctx.storage.health.problem !== null) throw outages[0];
      stored.push(await storeOutput(ctx, run, output, patience.signal));
    } catch (error) {
      const found = problemOf(output, error);
      if (!found || patience.signal.aborted) throw error;
      if (error instanceof StorageUnavailable) outages.push(error);
      const isOver = patience.leftMs() <= 0 && (await hasEnded(ctx, output));
      if (isWorthWaiting(error) && !isOver) failed.push({ output, problem: found });
      else stored.push(found);
    }
  });
  return { stored, failed, isStorageDown: outages.length > 0 };
}

/** Whether the time for a download is over. An output that is already in storage has no limit. */
function isTooLate(output: DeliveredOutput, { leftMs }: Patience): boolean {
  return 'url' in output && leftMs() <= 0;
}

/** How much longer the provider keeps the outputs of a run, in milliseconds, by the database's clock. */
async function retentionOf(ctx: Worker, run: GenerationRow): Promise<() => number> {
  const { SEGMIND_RETENTION_MS: retentionMs } = ctx.config;
  const ageMs = (await ctx.databaseNow()) - (run.submittedAt ?? run.requestedAt).getTime();
  const leftMs = Math.max(retentionMs - ageMs, retentionMs * leastShare);
  const startedAt = performance.now();
  return () => leftMs - (performance.now() - startedAt);
}

async function storeOutput(
  ctx: Worker,
  { projectId }: GenerationRow,
  output: DeliveredOutput,
  signal: AbortSignal,
): Promise<Stored> {
  return ctx.downloads.take(projectId, async () => {
    signal.throwIfAborted();
    const bytes = await bytesOf(ctx, projectId, output);
    return 'code' in bytes ? bytes : storeBytes(ctx, projectId, output, bytes);
  });
}

/**
 * Whether another try after the retention is useless: the provider no longer keeps the output, or its bytes are in
 * storage and cannot be read although the storage works.
 */
async function hasEnded({ storage }: Worker, output: DeliveredOutput): Promise<boolean> {
  if ('url' in output) return true;
  return (await storage.health.prove(0)) === null && storage.isWhole().catch(() => false);
}

/**
 * Stores bytes as a picture. A damaged picture is shown as far as it can be decoded, and the run gets a problem. Bytes
 * that are no picture are stored as they arrived.
 */
async function storeBytes(
  ctx: Worker,
  projectId: string,
  output: DeliveredOutput,
  bytes: Buffer,
): Promise<Stored> {
  try {
    const facts = await inspectPicture(bytes, { maxPixels: ctx.config.MAX_IMAGE_PIXELS });
    const stored = { index: output.index, image: await storeImage(ctx, projectId, { bytes, facts }) };
    if (facts.isWhole) return stored;
    const message = 'A part of the picture is missing. What could be decoded is shown.';
    const problem = { ...placeOf(output), code: 'DAMAGED', message };
    return { ...stored, problem: await keepRefused(ctx, projectId, bytes, problem) };
  } catch (error) {
    if (!(error instanceof PictureRefused)) throw error;
    const { code, message } = error;
    return keepRefused(ctx, projectId, bytes, { ...placeOf(output), code, message });
  }
}

/** The bytes of an output. When they are too many to be decoded, they are stored, and the result is a problem. */
async function bytesOf(
  ctx: Worker,
  projectId: string,
  output: DeliveredOutput,
): Promise<Buffer | StoredOutputProblem> {
  if ('url' in output) {
    return ctx.segmind.download(output.url).catch(async (error: unknown) => {
      if (!(error instanceof SegmindError) || !error.spooled) throw error;
      const { spooled, detail } = error;
      const problem = {
        ...placeOf(output),
        code: 'TOO_LARGE',
        message: detail ?? 'The picture is too large.',
      };
      try {
        return await keepSpooled(projectId, spooled, problem);
      } catch (cause) {
        // The next round downloads the output again.
        await letGo(spooled);
        throw cause;
      }
    });
  }
  const bytes = await ctx.storage.get(blobKey(projectId, output.sha256));
  if (bytes) return bytes;
  if (!(await ctx.storage.isWhole())) throw new StorageUnavailable();
  throw new PictureRefused('EMPTY', 'The picture is no longer in storage.');
}

function placeOf(output: DeliveredOutput): { index: number; providerUrl?: string } {
  const { index } = output;
  return 'url' in output && output.url.length <= longestAddress
    ? { index, providerUrl: output.url }
    : { index };
}

/** The problem of an output that could not be stored; null for an unexpected error. */
function problemOf(output: DeliveredOutput, error: unknown): StoredOutputProblem | null {
  const place = placeOf(output);
  if (error instanceof StorageUnavailable)
    return { ...place, code: 'STORAGE_UNAVAILABLE', message: 'The picture could not be stored in time.' };
  if (error instanceof PictureRefused) return { ...place, code: error.code, message: error.message };
  if (error instanceof SegmindError)
    return { ...place, code: error.code, message: 'The picture could not be fetched.' };
  return null;
}

/**
 * Whether a later try may succeed: the storage, or a host that does not answer, may work again later. A host that
 * refuses, or does not have the picture yet, counts the same when the provider's client says RETRY.
 */
function isWorthWaiting(error: unknown): boolean {
  return error instanceof StorageUnavailable || (error instanceof SegmindError && error.meaning === 'RETRY');
}
