import { countOutputs } from '../catalogue/check.ts';
import { type ImageModelDefinition, parameterInRole, parametersInRole } from '../catalogue/model.ts';
import { type Fault, readMarkers, withoutMarkers } from './faults.ts';
import type { PictureRequest } from './picture.ts';

/** A job as the provider knows it. Its state is not stored: it follows from the time that has passed. */
export interface Job {
  readonly id: string;
  readonly slug: string;
  /** Who asked for it; left out in jobs that were kept before there were accounts. */
  readonly account?: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly acceptedAt: number;
  readonly durationMs: number;
  /** Why it will fail, or null. */
  readonly failure: string | null;
  readonly faults: readonly Fault[];
  /** What it costs if it completes, in micro-dollars; text, because jobs are kept as JSON. */
  readonly costMicros: string;
  isCharged: boolean;
  polls: number;
}

export type JobState = 'QUEUED' | 'PROCESSING' | 'COMPLETED' | 'FAILED';

/** A twentieth of a job's time is spent waiting for a worker. */
const queuedShare = 0.05;

/** The fault of a name that strikes this job. */
export function faultOf(job: Pick<Job, 'faults'>, name: Fault['name']): Fault | undefined {
  return job.faults.find((fault) => fault.name === name);
}

/** Where a job stands at a moment. */
export function stateOf(job: Job, now: number): JobState {
  const age = now - job.acceptedAt;
  if (age < job.durationMs * queuedShare) return 'QUEUED';
  if (age < job.durationMs || faultOf(job, 'stuck')) return 'PROCESSING';
  return job.failure === null ? 'COMPLETED' : 'FAILED';
}

/** The text in the parameter that is the model's prompt. */
export function promptOf(model: ImageModelDefinition, body: Readonly<Record<string, unknown>>): string {
  const name = parameterInRole(model, 'PROMPT')?.name;
  const value = name === undefined ? undefined : body[name];
  return typeof value === 'string' ? value : '';
}

/** The faults that a request's own prompt asks for. */
export function markersOf(model: ImageModelDefinition, body: Readonly<Record<string, unknown>>): Fault[] {
  return readMarkers(promptOf(model, body));
}

function valueInRole(
  model: ImageModelDefinition,
  body: Readonly<Record<string, unknown>>,
  role: Parameters<typeof parameterInRole>[1],
) {
  const parameter = parameterInRole(model, role);
  return parameter && (body[parameter.name] ?? parameter.default);
}

/** The seed a request asks for, or the one drawn for it: absent and -1 mean random. */
export function seedOf(
  model: ImageModelDefinition,
  body: Readonly<Record<string, unknown>>,
  draw: () => number,
): number {
  const name = parameterInRole(model, 'SEED')?.name;
  const given = name === undefined ? undefined : body[name];
  return typeof given === 'number' && given >= 0 ? given : draw();
}

/** The values of a model's image parameters, who first, trimmed as the provider does. */
export function imagesOf(model: ImageModelDefinition, body: Readonly<Record<string, unknown>>): string[] {
  return (['IDENTITY_IMAGE', 'POSE_IMAGE'] as const)
    .flatMap((role) => parametersInRole(model, role))
    .flatMap(({ name }) => (typeof body[name] === 'string' ? [body[name].trim()] : []));
}

/** How many pictures a job makes. */
export function outputCount(model: ImageModelDefinition, body: Readonly<Record<string, unknown>>): number {
  return Math.max(1, Math.min(100, countOutputs(model, body)));
}

/** Where a job's pictures are served, at an address. */
export function outputUrls(model: ImageModelDefinition, job: Job, base: string): string[] {
  const format = valueInRole(model, job.body, 'OUTPUT_FORMAT') ?? 'jpeg';
  return Array.from(
    { length: outputCount(model, job.body) },
    (_, index) => `${base}/generations/${job.id}-${index}.${format}`,
  );
}

/** One of a job's pictures, ready to be drawn. `inputSize` is used where the request asks for the input's size. */
export function pictureRequest(
  model: ImageModelDefinition,
  job: Job,
  index: number,
  references: readonly Buffer[],
  inputSize: { width: number; height: number } | null,
): PictureRequest {
  const number = (role: 'WIDTH' | 'HEIGHT' | 'OUTPUT_QUALITY', fallback: number) => {
    const value = valueInRole(model, job.body, role);
    return typeof value === 'number' ? value : fallback;
  };
  const size = valueInRole(model, job.body, 'USE_INPUT_SIZE') === true && inputSize;
  const format = valueInRole(model, job.body, 'OUTPUT_FORMAT');
  return {
    slug: job.slug,
    prompt: withoutMarkers(promptOf(model, job.body)),
    seed: job.seed,
    index,
    width: size ? size.width : number('WIDTH', 1024),
    height: size ? size.height : number('HEIGHT', 1024),
    format: typeof format === 'string' ? format.replace('jpg', 'jpeg') : 'jpeg',
    quality: number('OUTPUT_QUALITY', 90),
    references,
  };
}
