import { z } from 'zod';
import type { Answer } from './exchange.ts';
import { parseMicros } from './micros.ts';
import { readOutputs } from './outputs.ts';
import { nonsense, refusal } from './refusal.ts';
import { numeral, parseJson, printJson, requestIdPattern, seconds, stateName } from './result.ts';
import { readMoment } from './retry-at.ts';
import { SegmindError } from './segmind-error.ts';

/*
 * There are two lists. Neither is in the model documents; the provider's Python SDK, 1.3.0, shows what is known:
 * `/inference-request/generations` has the requests that produced an output, `/inference-request/request-history` has
 * all requests, also failed and running ones, over 31 days at most. Known are the names of the query, `data`, that days
 * are whole and the last day is included, and every member that is read below except `created_at` and `model_created`
 * (the second is known as a name to sort by). Guessed are that days are in UTC, the length of a page of the first list,
 * and how a list ends.
 */

/** The runs of a model, from the day of one moment to the day of another. Both days are included, in UTC. */
export interface HistoryQuery {
  readonly slug: string;
  readonly from: Date;
  readonly to: Date;
}

/** One run in the provider's books; null where they have no value. */
export interface HistoryRow {
  readonly requestId: string | null;
  readonly slug: string;
  /** PROCESSING may also be a run that still waits, because the list calls both PENDING. */
  readonly state: 'QUEUED' | 'PROCESSING' | 'COMPLETED' | 'FAILED' | null;
  /** The cost of the whole run, for all of its pictures. */
  readonly costMicros: bigint | null;
  readonly seconds: number | null;
  readonly seed: number | null;
  /** The request's body as it was sent. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly at: Date | null;
  readonly outputUrls: readonly string[];
}

/** The address of a list, and the function that fetches its pages. */
export interface HistorySource {
  readonly address: string;
  readonly apiKey: string;
  read(url: URL): Promise<Answer>;
}

/** A list with more pages counts as endless, and is refused. */
const maxPages = 200;
/** The longest page of `request-history`. The other list has no parameter for it. */
const rowsPerPage = '100';

const state = z.preprocess(
  (value) => (stateName(value) === 'PENDING' ? 'PROCESSING' : stateName(value)),
  z.enum(['QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED']).nullish().catch(null),
);
const moment = z
  .union([z.string(), z.number()])
  .transform((value) => readMoment(String(value).trim()))
  .pipe(z.number())
  .nullish()
  .catch(null);
/** An object, also as JSON text. */
const values = z.preprocess(
  (value) => (typeof value === 'string' ? parseJson(Buffer.from(value)) : value),
  z.record(z.string(), z.unknown()).nullish().catch(null),
);

const rowSchema = z.looseObject({
  request_id: z.string().regex(requestIdPattern).nullish().catch(null),
  model_name: z.string().nullish().catch(null),
  status: state,
  model_status: state,
  latency_ms: seconds,
  parameters: values,
  request_body: values,
  model_created: moment,
  created_at: moment,
});
type RawRow = z.output<typeof rowSchema>;

const rowsSchema = z
  .array(rowSchema.nullable().catch(null))
  .transform((rows) => rows.filter((row) => row !== null));
/** The rows of a page. The SDK's examples name them `data`; its test doubles name them `generations`. */
const pageSchema = z.union([
  z.object({ data: rowsSchema }).transform(({ data }) => data),
  z.object({ generations: rowsSchema }).transform(({ generations }) => generations),
  rowsSchema,
]);

/** Reads a list to its end: one row for each request, in the provider's order, newest first. */
export async function readHistory(source: HistorySource, query: HistoryQuery): Promise<HistoryRow[]> {
  const rows: HistoryRow[] = [];
  let previous = '';
  for (let page = 1; page <= maxPages; page += 1) {
    const answer = await source.read(pageUrl(source.address, query, page));
    const found = readPage(answer, page, source.apiKey);
    const text = printJson(found);
    if (text === null) throw nonsense('ANSWER_INVALID', answer, 'READ', 'The list is nested too deeply.');
    // After the last page comes an empty page, a 404, or the last page again. The provider does not document which.
    if (found.length === 0 || text === previous) return mergeRequests(rows);
    previous = text;
    // The list filters by names that contain the slug, and the slug of one model begins with the slug of another.
    rows.push(...found.filter((row) => row.model_name === query.slug).map((row) => toRow(row, query.slug)));
  }
  const detail = `The list continues after ${maxPages} pages.`;
  throw new SegmindError({ code: 'ANSWER_INVALID', meaning: 'REFUSED', detail });
}

/**
 * Whether an address is that of the list of all requests. Any other address is used as the list of those with an
 * output.
 */
export function isWholeList(url: URL): boolean {
  return url.pathname.endsWith('/request-history');
}

function pageUrl(address: string, { slug, from, to }: HistoryQuery, page: number): URL {
  const url = new URL(address);
  const [first, last] = [from, to].map((moment) => moment.toISOString().slice(0, 10));
  const days = isWholeList(url)
    ? { per_page: rowsPerPage, from_date: first, to_date: last }
    : { start_date: first, end_date: last };
  for (const [name, value = ''] of Object.entries({ page: String(page), model_name: slug, ...days })) {
    url.searchParams.set(name, value);
  }
  return url;
}

function readPage(answer: Answer, page: number, apiKey: string): RawRow[] {
  if (answer.httpStatus < 200 || answer.httpStatus >= 300) {
    const error = refusal(answer, 'READ', apiKey);
    if (page > 1 && error.code === 'REQUEST_NOT_FOUND') return [];
    throw error;
  }
  const json = parseJson(answer.bytes);
  if (json === undefined) throw nonsense('ANSWER_UNREADABLE', answer, 'READ', null);
  const rows = pageSchema.safeParse(json).data;
  if (!rows) throw nonsense('ANSWER_INVALID', answer, 'READ', 'There is no list in the answer.');
  return rows;
}

function toRow(row: RawRow, slug: string): HistoryRow {
  const parameters = row.parameters ?? row.request_body ?? {};
  const costMicros = parseMicros(row.credits_deduction);
  const seed = numeral.parse(parameters.seed);
  const at = row.model_created ?? row.created_at;
  const milliseconds = row.latency_ms;
  return {
    requestId: row.request_id ?? null,
    slug,
    state: row.status ?? row.model_status ?? null,
    costMicros: costMicros !== null && costMicros < 0n ? null : costMicros,
    seconds: milliseconds == null ? null : milliseconds / 1_000,
    seed: Number.isSafeInteger(seed) ? (seed ?? null) : null,
    parameters,
    at: at == null ? null : new Date(at),
    outputUrls: readOutputs(row.generation_url).flatMap((output) =>
      output.kind === 'URL' ? [output.url] : [],
    ),
  };
}

/**
 * A request has a row for each of its outputs, and each row has the cost of the whole request. This is documented for
 * `request-history` and assumed for the other list, so costs are never added up. A row that moved to the next page
 * during the reading comes twice, and the second row is newer. Rows without an id are not merged.
 */
function mergeRequests(rows: readonly HistoryRow[]): HistoryRow[] {
  const merged = new Map<string | HistoryRow, HistoryRow>();
  for (const row of rows) {
    const known = merged.get(row.requestId ?? row);
    const whole = known && {
      ...row,
      state: row.state ?? known.state,
      costMicros: row.costMicros ?? known.costMicros,
      seconds: row.seconds ?? known.seconds,
      outputUrls: [...new Set([...known.outputUrls, ...row.outputUrls])],
    };
    merged.set(row.requestId ?? row, whole ?? row);
  }
  return [...merged.values()];
}
