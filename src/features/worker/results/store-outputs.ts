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
import { awaitStorage, storingDelayMs, tellWait } from './await-storage.ts';
import { keepRefused, keepSpooled, letGo } from './keep-result.ts';

/** Of a project's places one run takes so many: it may have ten thousand outputs, and others have one. */
const placesOfRun = 4;
/** A run that is taken up after the retention is tried for this share of it all the same. */
const leastShare = 0.1;
/** An address that is longer than this is not shown. */
const longestAddress = 4_096;

/** What became of an output: a picture, a problem, or a picture of which a part is missing. */
export type Stored =
  | { readonly index: number; readonly image: ImageRow; readonly problem?: StoredOutputProblem }
  | StoredOutputProblem;

/** An output that is tried again, and what is wrong with it until then. */
interface Waiting {
  readonly output: DeliveredOutput;
  readonly problem: StoredOutputProblem | null;
}

/** How a run's outputs are stored: until the worker is asked to hand over, or the provider keeps them no longer. */
interface Patience {
  readonly signal: AbortSignal;
  readonly leftMs: () => number;
}

/**
 * Stores all outputs of a run, in rounds: an output that fails for the time being waits for the next round, so it takes no
 * place, no memory and no turn of the others. Resolves in the order of the outputs.
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
    if (round.isStorageIll) await awaitStorage(ctx, run, signal, hasAddress ? patience.leftMs() : undefined);
    else if (failures > 0) await tellWait(ctx, run, 'PROVIDER_UNAVAILABLE');
    await ctx.wheel.sleep(storingDelayMs(ctx, failures), signal);
  }
}

/** Tries each once. What failed for the time being is `failed`. */
async function storeRound(
  ctx: Worker,
  run: GenerationRow,
  waiting: readonly Waiting[],
  patience: Patience,
): Promise<{ readonly stored: Stored[]; readonly failed: Waiting[]; readonly isStorageIll: boolean }> {
  const [stored, failed, illnesses]: [Stored[], Waiting[], StorageUnavailable[]] = [[], [], []];
  await forEachOf(waiting, placesOfRun, async ({ output, problem }) => {
    if (isTooLate(output, patience)) {
      stored.push(
        problem ?? { ...placeOf(output), code: 'TIMED_OUT', message: 'There was no time left to fetch it.' },
      );
      return;
    }
    try {
      // What one of them found out about the storage is true for the others.
      if (illnesses[0] && ctx.storage.health.problem !== null) throw illnesses[0];
      stored.push(await storeOutput(ctx, run, output, patience.signal));
    } catch (error) {
      const found = problemOf(output, error);
      if (!found || patience.signal.aborted) throw error;
      if (error instanceof StorageUnavailable) illnesses.push(error);
      const isOver = patience.leftMs() <= 0 && (await hasEnded(ctx, output));
      if (isWorthWaiting(error) && !isOver) failed.push({ output, problem: found });
      else stored.push(found);
    }
  });
  return { stored, failed, isStorageIll: illnesses.length > 0 };
}

/** Bytes that are here alone are never too late. */
function isTooLate(output: DeliveredOutput, { leftMs }: Patience): boolean {
  return 'url' in output && leftMs() <= 0;
}

/** How much longer the provider keeps the outputs of a run, by the database's clock. */
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
 * Whether waiting past the retention is of no use: the provider keeps the output no longer, or its bytes are here and
 * cannot be read although all else can.
 */
async function hasEnded({ storage }: Worker, output: DeliveredOutput): Promise<boolean> {
  if ('url' in output) return true;
  return (await storage.health.prove(0)) === null && storage.isWhole().catch(() => false);
}

/**
 * Stores bytes as a picture. What can be decoded of it is shown; the run says what is missing. Bytes that are no picture
 * are kept as they came.
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

/** The bytes of an output. Where they are too many to be looked at they are kept, and this says so. */
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
        // The next round downloads it anew.
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

/** What a run says of an output that could not be stored; null for failures of another kind. */
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
 * A host that does not answer will, and so will our storage. A host that refuses, or does not have a picture, may do so
 * because it is early or wrongly set up.
 */
function isWorthWaiting(error: unknown): boolean {
  return error instanceof StorageUnavailable || (error instanceof SegmindError && error.meaning === 'RETRY');
}
