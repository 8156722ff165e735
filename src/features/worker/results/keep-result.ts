import type { TaskContext, Uses } from '../../../platform/context.ts';
import { Prisma } from '../../../platform/db/generated/client.ts';
import { persist } from '../../../platform/db/persist.ts';
import { nameType } from '../../../platform/pictures/name-type.ts';
import type { Metrics, Result } from '../../../platform/segmind/result.ts';
import type { SegmindError } from '../../../platform/segmind/segmind-error.ts';
import type { Spooled } from '../../../platform/segmind/spool.ts';
import { blobKey } from '../../../platform/storage/blob-key.ts';
import { putBlob } from '../../../platform/storage/put-blob.ts';
import { failureCodes, failureColumns } from '../../generations/failure.ts';
import type { GenerationStatus } from '../../generations/generation-state.ts';
import { atMove, type Changes, type Move } from '../../generations/move-generation.ts';
import { moveTogether } from '../../generations/move-together.ts';
import type { StoredOutputProblem } from '../../generations/output-problem.ts';
import type { GenerationRow } from '../../generations/progress.ts';
import type { PriceLesson } from '../../prices/record-price.ts';
import { keepOutputs } from './keep-outputs.ts';
import { noFailure, recordAnswer } from './record-late.ts';

/** The log line that comes with the provider's answer when it cannot be stored in the database. */
export const unwritten = "the provider's answer could not be written down";

/** The cost of a run: the provider's figure, otherwise the list price at the time of the request, otherwise unknown. */
export function costColumns(run: GenerationRow, metrics: Pick<Metrics, 'costMicros'> | null): Changes {
  if (metrics?.costMicros != null) return { costMicros: metrics.costMicros, costSource: 'PROVIDER' };
  if (run.priceMicros != null) return { costMicros: run.priceMicros, costSource: 'PRICE_LIST' };
  return { costMicros: null, costSource: null };
}

/**
 * Stores the outputs that the provider delivered, and their cost, before any download: from then on any worker can
 * finish the run. Bytes that came in the answer itself exist nowhere else, so they are stored first. Throws
 * StorageUnavailable before the row is written, so that the same result can be stored again.
 */
export async function keepResult(
  ctx: TaskContext,
  run: GenerationRow,
  result: Result,
  move: Pick<Move, 'token' | 'from'> & { submitted?: boolean; hurried?: AbortSignal },
): Promise<GenerationRow | null> {
  const { submitted = false, hurried, token, from } = move;
  const { outputs, problems } = await keepOutputs(ctx, run.projectId, result.outputs);
  const set: Changes = {
    outputs,
    ...(problems.length > 0 ? { outputProblems: problems } : {}),
    inferenceSeconds: result.metrics.inferenceSeconds,
    ...noFailure,
    ...costColumns(run, result.metrics),
    ...(submitted ? { submittedAt: atMove } : {}),
  };
  const lesson = lessonOf(run, result.metrics);
  const answer = { to: 'STORING', token, from: from?.filter(isKnown), set, lesson } as const;
  try {
    return await recordAnswer(ctx, run, answer, hurried);
  } catch (error) {
    const requestId = result.requestId ?? run.providerRequestId;
    // A bound on the length of the log line.
    const logged = outputs.slice(0, 100);
    ctx.log.error({ err: error, generationId: run.id, requestId, outputs: logged }, unwritten);
    throw error;
  }
}

/** An UNCERTAIN run no longer has a wake-up, so its answer is stored as a late one. */
const isKnown = (status: GenerationStatus) => status !== 'UNCERTAIN';

/** The observed cost and time of a delivered run, for later estimates. */
function lessonOf(
  { model, priceShape, outputCount, providerAccount, environment }: GenerationRow,
  { costMicros, inferenceSeconds: seconds }: Metrics,
): PriceLesson {
  const shape = { model, priceShape, outputCount };
  return { ...shape, providerAccount, environment, costMicros, seconds, source: 'PROVIDER' };
}

/** Ends a run that was paid for but has no picture. */
export async function failPaid(
  ctx: TaskContext,
  run: GenerationRow,
  code: 'RESULT_EXPIRED' | 'RESULT_INVALID' | 'STORAGE_FAILED',
  detail: string,
  metrics: Pick<Metrics, 'costMicros'> | null,
  problems: readonly StoredOutputProblem[] = [],
): Promise<void> {
  const failure = { code, message: `${failureCodes[code]} ${detail}`.trim(), retryable: false };
  await persist.execute(() =>
    moveTogether(ctx, run, {
      to: 'FAILED',
      from: ['SUBMITTED', 'PROCESSING', 'STORING'],
      // A run in STORING already has its cost and the cost's source.
      set: {
        ...failureColumns(failure),
        outputProblems: problems,
        ...(run.status === 'STORING' ? {} : costColumns(run, metrics)),
      },
    }),
  );
}

/**
 * Stores an answer without a picture in it, because it was paid for and a person may find a picture in it. Resolves to
 * the problems for the run's row. Throws StorageUnavailable.
 */
export async function keepAnswer(
  ctx: TaskContext,
  run: GenerationRow,
  { answer, spooled, code, detail }: SegmindError,
): Promise<StoredOutputProblem[]> {
  const message = detail ?? 'There is no picture in the answer.';
  if (spooled) return [await keepSpooled(run.projectId, spooled, { index: 0, code, message })];
  if (!answer || answer.length === 0) return [];
  return [await keepRefused(ctx, run.projectId, answer, { index: 0, code, message })];
}

/** Stores bytes that are not an accepted picture, and adds their hash to the problem. Throws StorageUnavailable. */
export async function keepRefused(
  ctx: Uses<'storage'>,
  projectId: string,
  bytes: Buffer,
  problem: StoredOutputProblem,
): Promise<StoredOutputProblem> {
  if (bytes.length === 0) return problem;
  const sha256 = await putBlob(ctx.storage, projectId, bytes);
  return { ...problem, sha256, sizeBytes: bytes.length, contentType: nameType(bytes) };
}

/**
 * Discards an answer that could not be stored and that the provider can be asked for again, because it holds a file and
 * a descriptor. Does nothing when the whole answer is in memory.
 */
export async function letGo(spooled: Spooled | null): Promise<void> {
  // A file that cannot be removed now is removed later, with other unfinished files.
  await spooled?.discard().catch(() => undefined);
}

/**
 * Like keepRefused, for bytes that were too many for memory. When it throws, they are still held, and can be kept
 * later.
 */
export async function keepSpooled(
  projectId: string,
  spooled: Spooled,
  problem: StoredOutputProblem,
): Promise<StoredOutputProblem> {
  const { sha256, sizeBytes, head } = spooled;
  await spooled.keep(blobKey(projectId, sha256));
  return { ...problem, sha256, sizeBytes, contentType: nameType(head) };
}

/** Whether a write failed because another run of the same account already has this request id of the provider. */
export function isDuplicateRequestId(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  return (
    error.code === 'P2002' ||
    /23505|provider_request_id/.test(`${error.message} ${JSON.stringify(error.meta ?? {})}`)
  );
}
