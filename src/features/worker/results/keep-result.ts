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

/** What the log says with what the provider answered, when the database cannot be told. */
export const unwritten = "the provider's answer could not be written down";

/** What a run cost: the provider's own figure, else the list price of the day it was asked for, else unknown. */
export function costColumns(run: GenerationRow, metrics: Pick<Metrics, 'costMicros'> | null): Changes {
  if (metrics?.costMicros != null) return { costMicros: metrics.costMicros, costSource: 'PROVIDER' };
  if (run.priceMicros != null) return { costMicros: run.priceMicros, costSource: 'PRICE_LIST' };
  return { costMicros: null, costSource: null };
}

/**
 * Writes down what the provider delivered, and what it cost, before anything is downloaded: from here on the run
 * can be finished by any worker. Bytes that came in the answer itself exist nowhere else, so they go to storage first.
 * Throws StorageUnavailable before anything is written down: the same result may be kept once more.
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
    // As many as a line can hold.
    const told = outputs.slice(0, 100);
    ctx.log.error({ err: error, generationId: run.id, requestId, outputs: told }, unwritten);
    throw error;
  }
}

/** A run that is UNCERTAIN has no wake-up any more, so its answer is written down as a late one. */
const isKnown = (status: GenerationStatus) => status !== 'UNCERTAIN';

/** What a run that the provider delivered teaches about such runs. */
function lessonOf(
  { model, priceShape, outputCount, providerAccount, environment }: GenerationRow,
  { costMicros, inferenceSeconds: seconds }: Metrics,
): PriceLesson {
  const shape = { model, priceShape, outputCount };
  return { ...shape, providerAccount, environment, costMicros, seconds, source: 'PROVIDER' };
}

/** Ends a run that was paid for but has nothing to show. */
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
      // Once it is being stored, what it cost is known, and how.
      set: {
        ...failureColumns(failure),
        outputProblems: problems,
        ...(run.status === 'STORING' ? {} : costColumns(run, metrics)),
      },
    }),
  );
}

/**
 * Keeps an answer in which no picture was found: it was paid for, and a person may find one. Resolves to what the run says
 * of it. Throws StorageUnavailable.
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

/** Keeps bytes that are no picture we take, and says so in the problem. Throws StorageUnavailable. */
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
 * Lets go of an answer that could not be kept and that the provider can be asked for once more: it holds a file and a
 * descriptor. Does nothing where all of it is in memory.
 */
export async function letGo(spooled: Spooled | null): Promise<void> {
  // What cannot be removed now is removed as litter.
  await spooled?.discard().catch(() => undefined);
}

/** The same with bytes that were too many for memory. Where it throws they are still held, and can be kept later. */
export async function keepSpooled(
  projectId: string,
  spooled: Spooled,
  problem: StoredOutputProblem,
): Promise<StoredOutputProblem> {
  const { sha256, sizeBytes, head } = spooled;
  await spooled.keep(blobKey(projectId, sha256));
  return { ...problem, sha256, sizeBytes, contentType: nameType(head) };
}

/** Whether a write failed because another run of the same account has this provider id already. */
export function isDuplicateRequestId(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  return (
    error.code === 'P2002' ||
    /23505|provider_request_id/.test(`${error.message} ${JSON.stringify(error.meta ?? {})}`)
  );
}
