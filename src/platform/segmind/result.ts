import { z } from 'zod';
import { cleanText, fromFirstVisible, oneLine } from '../../text.ts';
import type { AnswerHeaders } from './exchange.ts';
import { parseMicros } from './micros.ts';
import type { Output } from './outputs.ts';

/** What the provider reports about a job besides its pictures; null when it reports no value. */
export interface Metrics {
  readonly costMicros: bigint | null;
  readonly remainingCreditsMicros: bigint | null;
  readonly inferenceSeconds: number | null;
  readonly queueSeconds: number | null;
  readonly totalSeconds: number | null;
}

/** The state of a job. `error` is the provider's sentence about a failed job. */
export interface Status {
  readonly state: 'QUEUED' | 'PROCESSING' | 'COMPLETED' | 'FAILED';
  readonly error: string | null;
  readonly metrics: Metrics;
}

/** The result of a job: at least one picture. */
export interface Result {
  readonly outputs: readonly Output[];
  readonly metrics: Metrics;
  /** The seed that was used; null when the model does not report it. */
  readonly seed: number | null;
  readonly requestId: string | null;
}

/** The ids of the provider. The pattern is strict, because an id becomes part of a URL. */
export const requestIdPattern = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** A number, also as text; null for every other value. */
export const numeral = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\s*-?\d/)
      .transform(Number),
  ])
  .pipe(z.number())
  .nullish()
  .catch(null);
/** Thirty years. A larger value is no measurement, and the database's arithmetic with it could overflow. */
const maxSeconds = 1e9;
/** A duration in seconds, also as text; null for every other value. */
export const seconds = numeral.transform((value) =>
  value != null && value >= 0 && value <= maxSeconds ? value : null,
);
const text = z
  .union([z.string(), z.looseObject({}).transform((value) => printJson(value))])
  .transform((words) => (words === null ? null : oneLine(words)))
  .nullish()
  .catch(null);

/** The name of a state in capitals. A value that is no text is returned as it is. */
export function stateName(value: unknown): unknown {
  return typeof value === 'string' ? cleanText(value, 100).toUpperCase() : value;
}

const bodySchema = z.looseObject({
  request_id: z.string().regex(requestIdPattern).nullish().catch(null),
  status: z.preprocess(
    stateName,
    z.enum(['QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED']).nullish().catch(null),
  ),
  error: text,
  message: text,
  detail: text,
  metrics: z
    .looseObject({ inference_time: seconds, queue_time: seconds, total_time: seconds })
    .nullish()
    .catch(null),
  seed: numeral,
});

/** A JSON object from the provider, with the members that this client understands. */
export type Body = z.output<typeof bodySchema>;

/** An answer as text, from its first visible character on, so that every check of its beginning sees the same text. */
export function answerText(bytes: Buffer): string {
  return fromFirstVisible(bytes.toString('utf8'));
}

/** An answer's JSON object or list; undefined when the bytes are no JSON. The content type is not used. */
export function parseJson(bytes: Buffer): unknown {
  const json = answerText(bytes);
  if (!/^[{[]/.test(json)) return undefined;
  return tryParse(json) ?? tryParse(repairJson(json));
}

function tryParse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/**
 * Repairs two common mistakes of programs that write JSON: raw control characters within strings, and the numbers NaN
 * and Infinity. Without the repair the end of a run could not be read.
 */
function repairJson(json: string): string {
  return json.replace(/\p{Cc}/gu, ' ').replace(/([:[,] *)-?(?:NaN|Infinity)(?= *[,}\]])/g, '$1null');
}

/** A value as JSON text; null when it is nested too deeply for `JSON.stringify`. */
export function printJson(value: object): string | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null;
  }
}

/** The members of an answer that this client understands; null when it is no JSON object. */
export function parseBody(bytes: Buffer): Body | null {
  return readBody(parseJson(bytes));
}

/** The same for JSON that is parsed already. */
export function readBody(json: unknown): Body | null {
  return bodySchema.safeParse(json).data ?? null;
}

/** The provider's sentence about a failure, in any of the members in which it may be. */
export function errorText(body: Body | null): string | null {
  return body?.error || body?.message || body?.detail || null;
}

/** Facts from the body's `metrics`, or otherwise from the headers of a synchronous call. */
export function readMetrics(body: Body | null, headers: AnswerHeaders): Metrics {
  const metrics = body?.metrics;
  const costMicros = parseMicros(metrics?.cost) ?? parseMicros(headers['x-cost']);
  return {
    costMicros: costMicros !== null && costMicros < 0n ? null : costMicros,
    remainingCreditsMicros:
      parseMicros(metrics?.remaining_credits) ?? parseMicros(headers['x-remaining-credits']),
    inferenceSeconds: metrics?.inference_time ?? seconds.parse(headers['x-generation-time']),
    queueSeconds: metrics?.queue_time ?? null,
    totalSeconds: metrics?.total_time ?? null,
  };
}

/** The facts of an answer besides its pictures. Seeds may be larger than 32 bits. */
export function readFacts(body: Body | null, headers: AnswerHeaders): Omit<Result, 'outputs'> {
  const seed = body?.seed ?? numeral.parse(headers['x-seed-value']);
  const requestId = body?.request_id ?? headers['x-request-id'] ?? null;
  return {
    metrics: readMetrics(body, headers),
    seed: Number.isSafeInteger(seed) ? (seed ?? null) : null,
    requestId: requestId !== null && requestIdPattern.test(requestId) ? requestId : null,
  };
}
