import type { ServerResponse } from 'node:http';
import { findImageModel } from '../catalogue/catalogue.ts';
import type { ImageModelDefinition } from '../catalogue/model.ts';
import { settle } from './billing.ts';
import { type FaultName, isPerPoll, strike } from './faults.ts';
import { drawOutput } from './files.ts';
import { faultOf, type Job, outputUrls, stateOf } from './jobs.ts';
import { refusals } from './refusals.ts';
import { dollars, drip, respondJson } from './respond.ts';
import type { World } from './world.ts';

/** `GET /v2/requests/{id}/status`, `GET /v2/requests/{id}` and the older `GET /v1/requests/{id}`. */
export async function answerPoll(
  world: World,
  request: { id: string; account: string; isStatus: boolean; isLegacy: boolean },
  answer: ServerResponse,
): Promise<void> {
  const { id, account, isStatus, isLegacy } = request;
  const found = world.state.find(id);
  // An account sees only its own requests, with any of its keys.
  const job = found && (found.account ?? account) === account ? found : undefined;
  const model = job && findImageModel(job.slug);
  const isGone = !job || !model || world.now() - job.acceptedAt > world.retentionMs || faultOf(job, 'lost');
  if (isGone) {
    const error = isLegacy ? `Output for this request ID ${id} Not Found` : `Request ${id} not found`;
    return respondJson(answer, 404, { error });
  }
  job.polls += 1;
  const [struck] = [
    ...job.faults.filter(({ name, arg }) => name in pollRefusals && job.polls <= Number(arg ?? 3)),
    ...strike(world.faults.filter(isPerPoll), job.slug, world.chance),
  ];
  if (struck) return refuse(world, answer, pollRefusals[struck.name] ?? 500);
  if (faultOf(job, 'poll-redirect') && job.polls <= 3) {
    answer.writeHead(302, { location: faultOf(job, 'poll-redirect')?.arg ?? 'http://127.0.0.1:9/' });
    return void answer.end();
  }
  const state = stateOf(job, world.now());
  const shown =
    faultOf(job, 'status-back') && state === 'PROCESSING' && job.polls % 2 === 0 ? 'QUEUED' : state;
  if (state === 'COMPLETED') settle(world);
  const timings = {
    inference_time: job.durationMs / 1_000,
    queue_time: 0.05,
    total_time: job.durationMs / 1_000 + 0.05,
  };
  const money = {
    ...(world.reportsCost ? { cost: dollars(BigInt(job.costMicros)) } : {}),
    remaining_credits: dollars(world.state.balanceMicros),
  };
  const urls = {
    status_url: `${world.publicUrl()}/v2/requests/${id}/status`,
    response_url: `${world.publicUrl()}/v2/requests/${id}`,
  };
  if (state === 'FAILED') {
    const status = faultOf(job, 'failed-200') ? 200 : 422;
    return respondJson(answer, status, {
      request_id: id,
      status: 'FAILED',
      error: job.failure,
      metrics: timings,
    });
  }
  const running = { request_id: id, status: shown, ...urls, metrics: {} };
  if (faultOf(job, 'poll-drip') && job.polls <= 1) return drip(answer, 200, running);
  if (state !== 'COMPLETED') return respondJson(answer, 200, running);
  const completed = { request_id: id, status: 'COMPLETED', metrics: { ...timings, ...money } };
  if (isStatus) return respondJson(answer, 200, completed);
  return respondJson(answer, 200, {
    ...completed,
    error: null,
    seed: job.seed,
    ...(await delivered(world, model, job)),
  });
}

/** The faults that refuse polls, and their statuses. They do not change the run. */
const pollRefusals: Readonly<Partial<Record<FaultName, number>>> = {
  'poll-429': 429,
  'poll-500': 500,
  'poll-502': 502,
};

function refuse(world: World, answer: ServerResponse, status: number): void {
  const reset = { 'x-rate-limit-reset-at-utc': new Date(world.now() + 1_000).toISOString() };
  respondJson(answer, status, { error: refusals[status] }, status === 429 ? reset : {});
}

async function delivered(world: World, model: ImageModelDefinition, job: Job): Promise<object> {
  if (faultOf(job, 'missing-output')) return {};
  const base = faultOf(job, 'foreign-output') ? 'https://pictures.example' : world.publicUrl();
  const urls = outputUrls(model, job, base);
  if (faultOf(job, 'output-base64'))
    return { output: (await drawOutput(world, job, 0)).bytes.toString('base64') };
  if (faultOf(job, 'output-list')) return { output: urls };
  const images = urls.map((url) => ({
    url,
    content_type: `image/${url.split('.').at(-1)?.replace('jpg', 'jpeg')}`,
    file_name: url.split('/').at(-1),
  }));
  return { output: urls[0], images };
}
