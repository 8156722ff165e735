import { z } from 'zod';
import { cleanText, fromFirstVisible, oneLine } from '../../text.ts';
import type { AnswerHeaders } from './exchange.ts';
import { parseMicros } from './micros.ts';
import type { Output } from './outputs.ts';

/** What the provider tells of a job besides its pictures; null where it is silent. */
export interface Metrics {
  readonly costMicros: bigint | null;
  readonly remainingCreditsMicros: bigint | null;
  readonly inferenceSeconds: number | null;
  readonly queueSeconds: number | null;
  readonly totalSeconds: number | null;
}

/** Where a job is. `error` is the provider's sentence about a job that failed. */
export interface Status {
  readonly state: 'QUEUED' | 'PROCESSING' | 'COMPLETED' | 'FAILED';
  readonly error: string | null;
  readonly metrics: Metrics;
}

/** What a job made: at least one picture. */
export interface Result {
  readonly outputs: readonly Output[];
  readonly metrics: Metrics;
  /** The seed really used, where the model reports it. */
  readonly seed: number | null;
  readonly requestId: string | null;
}

/** The ids the provider gives out; strict, because they become part of a URL. */
export const requestIdPattern = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** A number, also as text; null for everything else. */
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
/** Thirty years. More is no measurement, and the database's arithmetic with it could overflow. */
const maxSeconds = 1e9;
/** A duration, also as text; null for everything else. */
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

/** A JSON object from the provider, with what this client understands of it. */
export type Body = z.output<typeof bodySchema>;

/** An answer as the text by which it is judged: whatever looks at its beginning sees the same. */
export function answerText(bytes: Buffer): string {
  return fromFirstVisible(bytes.toString('utf8'));
}

/** An answer's JSON object or list; undefined when the bytes are none. The content type is not believed. */
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
 * Repairs two common mistakes of programs that write JSON: raw control characters within strings, and the numbers NaN and
 * Infinity. Without the repair the end of a run would be lost to how it was written.
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

/** The same of JSON that is parsed already. */
export function readBody(json: unknown): Body | null {
  return bodySchema.safeParse(json).data ?? null;
}

/** The provider's sentence about what went wrong, wherever it put it. */
export function errorText(body: Body | null): string | null {
  return body?.error || body?.message || body?.detail || null;
}

/** Facts from the body's `metrics`, or else from the headers of a synchronous call. */
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

/** What an answer with pictures tells besides them. Seeds go past 32 bits. */
export function readFacts(body: Body | null, headers: AnswerHeaders): Omit<Result, 'outputs'> {
  const seed = body?.seed ?? numeral.parse(headers['x-seed-value']);
  const requestId = body?.request_id ?? headers['x-request-id'] ?? null;
  return {
    metrics: readMetrics(body, headers),
    seed: Number.isSafeInteger(seed) ? (seed ?? null) : null,
    requestId: requestId !== null && requestIdPattern.test(requestId) ? requestId : null,
  };
}
