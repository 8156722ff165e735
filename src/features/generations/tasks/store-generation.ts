import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { PictureRefused } from '../../../platform/pictures/inspect-picture.ts';
import { SegmindError } from '../../../platform/segmind/segmind-error.ts';
import { blobKey } from '../../../platform/storage/blob-key.ts';
import { StorageFull } from '../../../platform/storage/storage.ts';
import { type ImageRow, storeImage } from '../../images/store-image.ts';
import { moveTogether } from '../move-together.ts';
import type { GenerationRow } from '../progress.ts';
import { type DeliveredOutput, deliveredOutputs } from '../stored-run.ts';
import { failPaid } from './keep-result.ts';
import { persist } from './persist.ts';
import { restate } from './record-late.ts';
import type { Worker } from './worker.ts';

/** Downloads and a full disk are tried again for about a minute; then another worker's turn, or the end. */
const download = retry(
  handleWhen(
    (error) => (error instanceof SegmindError && error.meaning === 'RETRY') || error instanceof StorageFull,
  ),
  { maxAttempts: 8, backoff: new ExponentialBackoff({ initialDelay: 200, maxDelay: 10_000 }) },
);

interface Problem {
  readonly index: number;
  readonly code: string;
  readonly message: string;
}

type Stored = { readonly index: number; readonly image: ImageRow } | Problem;

/**
 * Copies a run's outputs into our own storage and ends it. One broken output does not fail its siblings; a run
 * with no sound output at all has failed, though it was paid for.
 */
export async function storeGeneration(ctx: Worker, run: GenerationRow, signal: AbortSignal): Promise<void> {
  const outputs = deliveredOutputs(run);
  const stored = await Promise.all(outputs.map((output) => storeOutput(ctx, run, output, signal)));
  const images = stored.flatMap((each) => ('image' in each ? [each] : []));
  const problems = stored.flatMap((each) => ('code' in each ? [each] : []));
  for (const problem of problems)
    ctx.log.warn({ generationId: run.id, ...problem }, 'an output could not be kept');
  if (images.length === 0) {
    const isOurs = problems.some((problem) => problem.code === 'STORAGE_FULL');
    await failPaid(ctx, run, isOurs ? 'STORAGE_FAILED' : 'RESULT_INVALID', problems[0]?.message ?? '', {
      costMicros: run.costMicros,
    });
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

async function storeOutput(
  ctx: Worker,
  run: GenerationRow,
  output: DeliveredOutput,
  signal: AbortSignal,
): Promise<Stored> {
  const { index } = output;
  const { projectId } = run;
  try {
    // Whoever waits until it is tried again holds nobody up.
    const image = await download.execute(() =>
      ctx.downloads.take(projectId, async () => {
        signal.throwIfAborted();
        return storeImage(ctx, projectId, await bytesOf(ctx, projectId, output));
      }),
    );
    return { index, image };
  } catch (error) {
    if (error instanceof PictureRefused || error instanceof SegmindError) {
      return {
        index,
        code: error.code,
        message: error instanceof SegmindError ? 'The picture could not be fetched.' : error.message,
      };
    }
    if (error instanceof StorageFull)
      return { index, code: 'STORAGE_FULL', message: 'No room to store the picture.' };
    throw error;
  }
}

async function bytesOf(ctx: Worker, projectId: string, output: DeliveredOutput): Promise<Buffer> {
  if ('url' in output) return ctx.segmind.download(output.url);
  const bytes = await ctx.storage.get(blobKey(projectId, output.sha256));
  if (!bytes) throw new PictureRefused('EMPTY', 'The picture is no longer in storage.');
  return bytes;
}
