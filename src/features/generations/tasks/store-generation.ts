import { StorageUnavailable } from '../../../errors.ts';
import { inspectPicture } from '../../../platform/pictures/inspect-picture.ts';
import { PictureRefused } from '../../../platform/pictures/picture-refused.ts';
import { SegmindError } from '../../../platform/segmind/segmind-error.ts';
import { blobKey } from '../../../platform/storage/blob-key.ts';
import { type ImageRow, storeImage } from '../../images/store-image.ts';
import { moveTogether } from '../move-together.ts';
import type { StoredOutputProblem } from '../output-problem.ts';
import type { GenerationRow } from '../progress.ts';
import { type DeliveredOutput, deliveredOutputs } from '../stored-run.ts';
import { awaitStorage, storingDelayMs, tellWait } from './await-storage.ts';
import { failPaid, keepRefused, keepSpooled } from './keep-result.ts';
import { persist } from './persist.ts';
import { restate } from './record-late.ts';
import type { Worker } from './worker.ts';

/** A run that is taken up after the retention is tried for this share of it all the same. */
const leastShare = 0.1;
/** An address that is longer than this is not shown. */
const longestAddress = 4_096;

/** What became of an output: a picture, a problem, or a picture of which a part is missing. */
type Stored =
  | { readonly index: number; readonly image: ImageRow; readonly problem?: StoredOutputProblem }
  | StoredOutputProblem;

/** How a run's outputs are stored: until the worker is asked to hand over, or the provider keeps them no longer. */
interface Patience {
  readonly signal: AbortSignal;
  readonly leftMs: () => number;
}

/**
 * Copies a run's outputs into our own storage and ends it. One broken output does not fail its siblings; a run
 * with no sound output at all has failed, though it was paid for. Outputs that are refused are kept as they came.
 */
export async function storeGeneration(ctx: Worker, run: GenerationRow, signal: AbortSignal): Promise<void> {
  const outputs = deliveredOutputs(run);
  const patience = { signal, leftMs: await retentionOf(ctx, run) };
  const stored = await Promise.all(outputs.map((output) => storeOutput(ctx, run, output, patience)));
  const images = stored.flatMap((each) => ('image' in each ? [each] : []));
  const problems = stored.flatMap((each) => ('code' in each ? [each] : (each.problem ?? [])));
  for (const { index, code, message } of problems)
    ctx.log.warn(
      { generationId: run.id, index, code, message },
      'an output is no picture, or not a whole one',
    );
  if (images.length === 0) {
    const isOurs = problems.some(({ code }) => code === 'STORAGE_UNAVAILABLE');
    const code = isOurs ? 'STORAGE_FAILED' : 'RESULT_INVALID';
    const { costMicros } = run;
    await failPaid(ctx, run, code, problems[0]?.message ?? '', { costMicros }, problems);
    return;
  }
  const completed = await persist.execute(() =>
    moveTogether(ctx, run, {
      to: 'COMPLETED',
      set: { output_problems: problems, pictures: images.length },
      images: images.map(({ index, image }) => ({ index, imageId: image.id })),
    }),
  );
  if (!completed) await restate(ctx, run);
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
  run: GenerationRow,
  output: DeliveredOutput,
  { signal, leftMs }: Patience,
): Promise<Stored> {
  const { projectId } = run;
  for (let failures = 0; ; failures += 1) {
    try {
      // Between two attempts it takes no place and no memory.
      return await ctx.downloads.take(projectId, async () => {
        signal.throwIfAborted();
        const bytes = await bytesOf(ctx, projectId, output);
        return 'code' in bytes ? bytes : storeBytes(ctx, projectId, output, bytes);
      });
    } catch (error) {
      const problem = problemOf(output, error);
      if (!problem || signal.aborted) throw error;
      if (!isWorthWaiting(error)) return problem;
      if (leftMs() <= 0 && (await hasEnded(ctx, output))) return problem;
      if (error instanceof StorageUnavailable)
        await awaitStorage(ctx, run, signal, 'url' in output ? leftMs() : undefined);
      else if (failures > 0) await tellWait(ctx, run, 'PROVIDER_UNAVAILABLE');
    }
    await ctx.wheel.sleep(storingDelayMs(ctx, failures), signal);
  }
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
    return ctx.segmind.download(output.url).catch((error: unknown) => {
      if (!(error instanceof SegmindError) || !error.spooled) throw error;
      const message = error.detail ?? 'The picture is too large.';
      return keepSpooled(projectId, error.spooled, { ...placeOf(output), code: 'TOO_LARGE', message });
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
