import type { ImageModelDefinition } from '../../catalogue/model.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import { listPrice } from '../prices/price-book.ts';
import { priceShape } from '../prices/price-shape.ts';
import type { RunInputs } from '../run-inputs/build-parameters.ts';
import { resultKey } from '../run-inputs/identity.ts';
import { spenderOf } from './spender.ts';

/** What follows from a run's model and what is sent to it. */
interface Described {
  /** The slug. */
  readonly model: string;
  readonly modelVersion: string;
  readonly priceMicros: bigint | null;
  readonly priceShape: string;
  readonly outputCount: number;
  readonly resultKey: string | null;
}

/** A run to be, before it is known what is set aside for it and who asks. */
export interface RunToBe extends Described, Pick<RunInputs, 'prompt' | 'parameters' | 'references'> {
  readonly projectId: string;
  readonly characterId: string;
  /** The provider environment whose prices and accounts it was made ready for. */
  readonly environment: string;
  readonly seed: bigint;
}

/** A run to be, as it is written. */
export interface NewGeneration extends RunToBe {
  readonly holdMicros: bigint;
  readonly requestHash: string;
  readonly idempotencyKey: string | null;
  readonly batch: string | null;
  readonly retryOfId: string | null;
  /** Whether the project's run with the same result, and the same seed if need be, will do instead. */
  readonly reuse: 'NEVER' | 'SAME_SEED' | 'ANY_SEED';
}

/** What follows from a model of the catalogue and what is sent to it: its price by the list, its pictures, its result. */
export function describeRun(
  model: ImageModelDefinition,
  { parameters, references }: Pick<RunInputs, 'parameters' | 'references'>,
) {
  const { shape, outputCount } = priceShape(model, parameters);
  return {
    model: model.slug,
    modelVersion: model.version,
    priceMicros: listPrice(model.price, outputCount),
    priceShape: shape,
    outputCount,
    resultKey: resultKey(model, parameters, references),
  } satisfies Described;
}

/** A new run and who asks for it, by the columns' names, as `jsonb_populate_record` reads them. */
export function toColumns(run: NewGeneration, viewer: Viewer) {
  const { userId, apiKeyId } = spenderOf(viewer);
  return {
    project_id: run.projectId,
    character_id: run.characterId,
    environment: run.environment,
    model: run.model,
    model_version: run.modelVersion,
    prompt: run.prompt,
    parameters: run.parameters,
    references: run.references,
    seed: run.seed.toString(),
    price_micros: run.priceMicros?.toString(),
    hold_micros: run.holdMicros.toString(),
    price_shape: run.priceShape,
    output_count: run.outputCount,
    result_key: run.resultKey,
    request_hash: run.requestHash,
    idempotency_key: run.idempotencyKey,
    batch: run.batch,
    retry_of_id: run.retryOfId,
    reuse: run.reuse,
    user_id: userId,
    api_key_id: apiKeyId,
    actor_kind: viewer.kind,
  };
}
