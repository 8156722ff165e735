import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { findImageModel } from '../catalogue/catalogue.ts';
import { checkParameters } from '../catalogue/check.ts';
import { type ImageModelDefinition, parameterInRole } from '../catalogue/model.ts';
import { settle } from './billing.ts';
import { type Fault, isPerPoll, strike } from './faults.ts';
import { drawOutput } from './files.ts';
import { faultOf, type Job, markersOf, outputCount, seedOf } from './jobs.ts';
import { refusals } from './refusals.ts';
import { dollars, drip, respondBytes, respondJson } from './respond.ts';
import { accountOf, isKeyGood, type LoggedRequest, type World } from './world.ts';

const blockedText = 'content_policy_violation: the request was blocked by the content rules';
const recent: WeakMap<World, number[]> = new WeakMap();

/**
 * `POST /v1/{slug}` responds with the picture, `POST /v2/{slug}` with an id. The checks are in the provider's order.
 */
export async function answerSubmit(
  world: World,
  version: 'v1' | 'v2',
  slug: string,
  request: LoggedRequest,
  answer: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST')
    return respondBytes(answer, 405, 'text/html', Buffer.from('<html>Method Not Allowed</html>'));
  if (!isKeyGood(world, request, answer)) return;
  if (!/^application\/json/.test(request.headers['content-type'] ?? '')) {
    return respondJson(answer, 406, { error: 'Invalid content type' });
  }
  const body = parseObject(request.body);
  if (!body) return respondJson(answer, 400, { error: 'Malformed JSON body' });
  const model = findImageModel(slug);
  if (!model) return respondJson(answer, 404, { error: `Model ${slug} not found` });

  const configured = world.faults.filter((fault) => !isPerPoll(fault));
  const faults = [...markersOf(model, body), ...strike(configured, slug, world.chance)];
  const job = newJob(world, request, model, body, faults);
  if (faultOf(job, 'route-refused') && version === 'v2') {
    return respondBytes(answer, 405, 'text/html', Buffer.from('<html>Method Not Allowed</html>'));
  }
  if (faultOf(job, 'reset')) return void answer.destroy();
  if (isRateLimited(world, job, answer)) return;
  const refusal = faults.find(({ name }) => name in refusals);
  if (refusal) return respondJson(answer, Number(refusal.name), { error: refusals[refusal.name] });
  settle(world);
  if (world.state.balanceMicros < BigInt(job.costMicros)) {
    const error = `Insufficient credits. You have ${dollars(world.state.balanceMicros)} credits.`;
    return respondJson(answer, version === 'v1' ? 406 : 402, { error });
  }
  const problems = checkParameters(model, body);
  const refused = problems.find(
    ({ parameter }) => parameter.type === 'ENUM' && body[parameter.name] !== undefined,
  );
  if (refused) return respondJson(answer, 406, { error: refused.message });
  if (version === 'v1' && problems[0]) return respondJson(answer, 400, { error: problems[0].message });

  const taken: Job = problems[0]
    ? { ...job, failure: `Validation error: ${problems[0].message}`, durationMs: 0 }
    : job;
  world.state.keep(taken);
  if (isAnswerLost(taken, answer)) return;
  return version === 'v1' ? answerSync(world, model, taken, answer) : answerQueued(world, taken, answer);
}

function parseObject(bytes: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function newJob(
  world: World,
  request: LoggedRequest,
  model: ImageModelDefinition,
  body: Record<string, unknown>,
  faults: readonly Fault[],
): Job {
  const hex = () => Math.floor(world.chance() * 16).toString(16);
  const find = (name: Fault['name']) => faults.find((fault) => fault.name === name);
  const slower = Number(find('slow')?.arg ?? (find('slow') ? 10 : 1));
  const failed = find('failed') ?? find('failed-200');
  return {
    id: Array.from({ length: 32 }, hex).join(''),
    slug: model.slug,
    account: accountOf(world, request),
    body,
    seed: seedOf(model, body, () => Math.floor(world.chance() * 2 ** 32)),
    acceptedAt: world.now(),
    durationMs: (((model.typicalSeconds ?? 10) * 1_000) / world.speed) * slower,
    failure: find('blocked') ? blockedText : failed ? failed.arg || 'Inference failed' : null,
    faults,
    costMicros: String(world.price(model.slug, body)),
    isCharged: false,
    polls: 0,
  };
}

function isRateLimited(world: World, job: Job, answer: ServerResponse): boolean {
  const fault = faultOf(job, '429');
  const now = world.now();
  const inWindow = (recent.get(world) ?? []).filter((at) => now - at < 60_000);
  recent.set(world, inWindow);
  const isOverLimit = world.requestsPerMinute !== undefined && inWindow.length >= world.requestsPerMinute;
  if (!fault && !isOverLimit) {
    inWindow.push(now);
    return false;
  }
  const waitMs = fault ? Number(fault.arg ?? 1) * 1_000 : 60_000 - (now - (inWindow[0] ?? now));
  const headers = { 'x-rate-limit-reset-at-utc': new Date(now + waitMs).toISOString() };
  respondJson(answer, 429, { error: 'rate_limit_exceeded' }, headers);
  return true;
}

/** For a fault `accept-then-…`: the job is accepted, but the client gets an error, or no response. */
function isAnswerLost(job: Job, answer: ServerResponse): boolean {
  const fault = job.faults
    .find(({ name }) => name.startsWith('accept-then-'))
    ?.name.slice('accept-then-'.length);
  if (fault === undefined || fault === 'drip') return false;
  if (fault === 'reset') answer.destroy();
  else if (fault !== 'hang') respondJson(answer, Number(fault), { error: refusals[fault] });
  return true;
}

function answerQueued(world: World, job: Job, answer: ServerResponse): void {
  const previous = [...world.state.jobs.keys()].at(-2);
  const id = faultOf(job, 'hostile-id') ? '../../v1/x' : ((faultOf(job, 'same-id') && previous) ?? job.id);
  const base = faultOf(job, 'hostile-urls') ? 'http://127.0.0.1:9' : world.publicUrl();
  const body = faultOf(job, 'json-error')
    ? { error: 'Something went wrong' }
    : {
        request_id: id,
        status: 'QUEUED',
        poll_url: `${base}/v1/requests/${id}`,
        status_url: `${base}/v2/requests/${id}/status`,
        response_url: `${base}/v2/requests/${id}`,
      };
  if (faultOf(job, 'accept-then-drip')) drip(answer, 200, body);
  else respondJson(answer, 200, body);
}

async function answerSync(
  world: World,
  model: ImageModelDefinition,
  job: Job,
  answer: ServerResponse,
): Promise<void> {
  const limitMs = world.syncLimitMs / world.speed;
  await sleep(Math.min(job.durationMs, limitMs));
  if (job.durationMs > limitMs) return respondJson(answer, 500, { error: 'Internal Polling Error' });
  if (job.failure !== null) return respondJson(answer, 500, { error: job.failure });
  if (faultOf(job, 'json-error')) return respondJson(answer, 200, { error: 'Something went wrong' });
  // Charged here, because by the clock the job may not be complete yet: the timer may fire a little early.
  world.state.charge(job);
  settle(world);
  const { bytes, format } = await drawOutput(world, job, 0);
  const headers = {
    'x-remaining-credits': String(dollars(world.state.balanceMicros)),
    ...(world.reportsCost ? { 'x-cost': String(dollars(BigInt(job.costMicros))) } : {}),
    'x-generation-time': String(job.durationMs / 1_000),
    'x-request-id': job.id,
    'x-seed-value': String(job.seed),
    'x-output-metadata': JSON.stringify({ samples: outputCount(model, job.body) }),
  };
  const switchName = parameterInRole(model, 'BASE64')?.name;
  if (switchName !== undefined && job.body[switchName] === true) {
    return respondJson(answer, 200, { image: bytes.toString('base64') }, headers);
  }
  respondBytes(
    answer,
    200,
    faultOf(job, 'wrong-content-type') ? 'application/json' : `image/${format}`,
    bytes,
    headers,
  );
}
