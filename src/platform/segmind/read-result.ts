import { cleanDetail } from './clean-detail.ts';
import type { Answer } from './exchange.ts';
import { isPicture, readOutputs } from './outputs.ts';
import { nonsense, refusal } from './refusal.ts';
import {
  errorText,
  parseBody,
  parseJson,
  type Result,
  readBody,
  readFacts,
  readMetrics,
  type Status,
} from './result.ts';
import { SegmindError } from './segmind-error.ts';

/**
 * The pictures in an answer: the bytes of the answer, or pictures in its JSON. The content type is not used. Throws
 * SegmindError for every answer without a picture. The error has the answer when its status is a success, because the
 * answer may have been paid for.
 */
export function readResult(answer: Answer, call: 'SUBMIT' | 'READ', apiKey: string): Result {
  const { bytes, headers, httpStatus } = answer;
  const isSuccess = httpStatus >= 200 && httpStatus < 300;
  if (isSuccess && isPicture(bytes)) {
    return { outputs: [{ kind: 'BYTES', bytes }], ...readFacts(null, headers) };
  }
  const body = parseBody(bytes);
  const detail = cleanDetail(errorText(body) ?? '', apiKey);
  if (call === 'READ' && body?.status === 'FAILED') {
    throw new SegmindError({ code: 'JOB_FAILED', meaning: 'REFUSED', httpStatus, detail });
  }
  if (!isSuccess && body?.status !== 'COMPLETED') throw refusal(answer, call, apiKey);
  const json = parseJson(bytes);
  const kept = { answer: withoutKey(bytes, apiKey) };
  if (json === undefined) throw nonsense('ANSWER_UNREADABLE', answer, call, null, kept);
  // A URL beside an error may be a link to a help page. Only a completed job has pictures in spite of an error.
  const isError = Boolean(body?.error) && body?.status !== 'COMPLETED';
  const outputs = isError ? [] : readOutputs(json);
  if (outputs.length > 0) return { outputs, ...readFacts(body, headers) };
  if (call === 'READ' && (body?.status === 'QUEUED' || body?.status === 'PROCESSING')) {
    throw new SegmindError({ code: 'NOT_FINISHED', meaning: 'RETRY', httpStatus });
  }
  throw nonsense('ANSWER_INVALID', answer, call, detail ?? 'There is no picture in the answer.', kept);
}

/** Removes the key, because members of a project may read a kept answer and must not find the key in it. */
export function withoutKey(bytes: Buffer, apiKey: string): Buffer {
  if (!bytes.includes(apiKey)) return bytes;
  return Buffer.from(bytes.toString('latin1').replaceAll(apiKey, '[key]'), 'latin1');
}

/** A running job has no metrics yet. Nearly every poll finds one of these statuses, so the rest is not read then. */
const runningStatuses: readonly Status[] = (['PROCESSING', 'QUEUED'] as const).map((state) => ({
  state,
  error: null,
  metrics: readMetrics(null, {}),
}));

function statusIn(json: unknown): unknown {
  return typeof json === 'object' && json !== null && 'status' in json ? json.status : undefined;
}

/**
 * A job's state. The end of a job counts with any HTTP status: FAILED comes with 422 and with 200. Throws SegmindError
 * for an answer without a state.
 */
export function readStatus(answer: Answer, apiKey: string): Status {
  const { bytes, headers, httpStatus } = answer;
  const isSuccess = httpStatus >= 200 && httpStatus < 300;
  const json = parseJson(bytes);
  const running = isSuccess ? runningStatuses.find(({ state }) => state === statusIn(json)) : undefined;
  if (running) return running;
  const body = readBody(json);
  const state = body?.status;
  if (state && (isSuccess || state === 'COMPLETED' || state === 'FAILED')) {
    const error = state === 'FAILED' ? cleanDetail(errorText(body) ?? '', apiKey) : null;
    return { state, error, metrics: readMetrics(body, headers) };
  }
  // The HTTP status is a failure and the body has another state, so the answer proves no state.
  if (!isSuccess && !(state && httpStatus === 422)) throw refusal(answer, 'READ', apiKey);
  throw nonsense('ANSWER_UNREADABLE', answer, 'READ', cleanDetail(errorText(body) ?? '', apiKey));
}
