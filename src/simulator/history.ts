import type { ServerResponse } from 'node:http';
import { findImageModel } from '../catalogue/catalogue.ts';
import { settle } from './billing.ts';
import { type Job, outputUrls, promptOf, stateOf } from './jobs.ts';
import { dollars, respondJson } from './respond.ts';
import type { World } from './world.ts';

const dayMs = 24 * 3_600_000;
const maxDays = 31;

/** The lists of past runs, by the last part of their paths. */
export const historyLists = ['generations', 'request-history'] as const;
export type HistoryList = (typeof historyLists)[number];

/**
 * `GET /inference-request/generations` lists the runs with a picture, `/inference-request/request-history` all runs.
 * The newest run is first, and each output has a row. Runs stay in the lists long after their jobs can no longer be
 * polled. Names and filters are those of the provider's Python SDK. The refusals, and the page size of the first
 * list, are guesses.
 */
export function answerHistory(
  world: World,
  list: HistoryList,
  account: string,
  query: URLSearchParams,
  answer: ServerResponse,
): void {
  settle(world);
  const isWhole = list === 'request-history';
  const page = Number(query.get('page') ?? 1);
  const perPage = Number((isWhole && query.get('per_page')) || 20);
  const until = readDay(query.get(isWhole ? 'to_date' : 'end_date')) ?? world.now();
  const since = readDay(query.get(isWhole ? 'from_date' : 'start_date')) ?? (isWhole ? until - 7 * dayMs : 0);
  const areNumbers = Number.isInteger(page) && page >= 1 && perPage >= 1 && perPage <= 100;
  const isWindow = until >= since && (!isWhole || until - since < maxDays * dayMs);
  if (!areNumbers || !isWindow) return respondJson(answer, 400, { error: 'Invalid query parameters' });
  const name = query.get('model_name') ?? '';
  const status = isWhole ? query.get('status') : 'COMPLETED';
  const data = [...world.state.jobs.values()]
    .toReversed()
    .filter((job) => (job.account ?? account) === account)
    .filter((job) => job.slug.includes(name) && job.acceptedAt >= since && job.acceptedAt < until + dayMs)
    .filter((job) => status === null || statusOf(world, job) === status)
    .flatMap((job) => rowsOf(world, list, job))
    .slice((page - 1) * perPage, page * perPage);
  respondJson(answer, 200, { page, data });
}

/** The start of a day in UTC; NaN for a text that is not a day, which makes every window invalid. */
function readDay(text: string | null): number | null {
  if (text === null) return null;
  return /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
}

/** The status of a job in these lists, which do not distinguish waiting from running. */
function statusOf(world: World, job: Job): 'COMPLETED' | 'FAILED' | 'PENDING' {
  const state = job.isCharged ? 'COMPLETED' : stateOf(job, world.now());
  return state === 'COMPLETED' || state === 'FAILED' ? state : 'PENDING';
}

function rowsOf(world: World, list: HistoryList, job: Job): object[] {
  const status = statusOf(world, job);
  const isEnded = status !== 'PENDING';
  const model = findImageModel(job.slug);
  const shared = {
    request_id: job.id,
    model_name: job.slug,
    // Each row has the cost of the whole run.
    credits_deduction: job.isCharged ? dollars(BigInt(job.costMicros)) : isEnded ? 0 : null,
    latency_ms: isEnded ? job.durationMs : null,
  };
  const at = new Date(job.acceptedAt).toISOString();
  const row =
    list === 'request-history'
      ? { ...shared, model_status: status, request_body: job.body, model_created: at, error: job.failure }
      : {
          ...shared,
          status,
          prompt: model && promptOf(model, job.body),
          parameters: job.body,
          created_at: at,
        };
  const urls = model && status === 'COMPLETED' ? outputUrls(model, job, world.publicUrl()) : [null];
  return urls.map((url) => ({ ...row, generation_url: url }));
}
