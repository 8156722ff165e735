import { countOutputs } from '../catalogue/check.ts';
import { type ImageModelDefinition, parameterInRole, parametersInRole } from '../catalogue/model.ts';
import { type Fault, readMarkers, withoutMarkers } from './faults.ts';
import type { PictureRequest } from './picture.ts';

/** A job at the provider. Its state is not stored, because it follows from the time that has passed. */
export interface Job {
  readonly id: string;
  readonly slug: string;
  /** The account that requested the job; undefined in jobs that were stored before there were accounts. */
  readonly account?: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly acceptedAt: number;
  readonly durationMs: number;
  /** Why the job will fail; null when it will complete. */
  readonly failure: string | null;
  readonly faults: readonly Fault[];
  /** The cost if the job completes, in micro-dollars. It is text, because jobs are stored as JSON. */
  readonly costMicros: string;
  isCharged: boolean;
  polls: number;
}

export type JobState = 'QUEUED' | 'PROCESSING' | 'COMPLETED' | 'FAILED';

/** The share of a job's duration in which it is QUEUED. */
const queuedShare = 0.05;

/** The fault with this name, if the job has it. */
export function faultOf(job: Pick<Job, 'faults'>, name: Fault['name']): Fault | undefined {
  return job.faults.find((fault) => fault.name === name);
}

/** The state of a job at a moment. */
export function stateOf(job: Job, now: number): JobState {
  const age = now - job.acceptedAt;
  if (age < job.durationMs * queuedShare) return 'QUEUED';
  if (age < job.durationMs || faultOf(job, 'stuck')) return 'PROCESSING';
  return job.failure === null ? 'COMPLETED' : 'FAILED';
}

/** The value of the model's prompt parameter; empty when it is not a text. */
export function promptOf(model: ImageModelDefinition, body: Readonly<Record<string, unknown>>): string {
  const name = parameterInRole(model, 'PROMPT')?.name;
  const value = name === undefined ? undefined : body[name];
  return typeof value === 'string' ? value : '';
}

/** The faults that the markers in a request's prompt request. */
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

/** The seed of a request, or a drawn one when the seed is absent or -1. */
export function seedOf(
  model: ImageModelDefinition,
  body: Readonly<Record<string, unknown>>,
  draw: () => number,
): number {
  const name = parameterInRole(model, 'SEED')?.name;
  const given = name === undefined ? undefined : body[name];
  return typeof given === 'number' && given >= 0 ? given : draw();
}

/** The values of a model's image parameters, identity images first, then pose images, trimmed as the provider does. */
export function imagesOf(model: ImageModelDefinition, body: Readonly<Record<string, unknown>>): string[] {
  return (['IDENTITY_IMAGE', 'POSE_IMAGE'] as const)
    .flatMap((role) => parametersInRole(model, role))
    .flatMap(({ name }) => (typeof body[name] === 'string' ? [body[name].trim()] : []));
}

/** How many pictures a job makes, from 1 to 100. */
export function outputCount(model: ImageModelDefinition, body: Readonly<Record<string, unknown>>): number {
  return Math.max(1, Math.min(100, countOutputs(model, body)));
}

/** The URLs of a job's pictures, under a base URL. */
export function outputUrls(model: ImageModelDefinition, job: Job, base: string): string[] {
  const format = valueInRole(model, job.body, 'OUTPUT_FORMAT') ?? 'jpeg';
  return Array.from(
    { length: outputCount(model, job.body) },
    (_, index) => `${base}/generations/${job.id}-${index}.${format}`,
  );
}

/** The data to draw one of a job's pictures. `inputSize` is used when the request asks for the size of the input. */
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
