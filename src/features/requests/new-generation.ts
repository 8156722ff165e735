import type { ImageModelDefinition } from '../../catalogue/model.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import { type RequestColumns, requestOf } from '../generations/columns/columns.ts';
import { writeColumns } from '../generations/columns/statement.ts';
import { listPrice } from '../prices/price-book.ts';
import { priceShape } from '../prices/price-shape.ts';
import type { RunInputs } from '../run-inputs/build-parameters.ts';
import { resultKey } from '../run-inputs/identity.ts';
import { spenderOf } from './spender.ts';

/** What follows from a run's model and what is sent to it. */
type Described = Pick<
  RequestColumns,
  'model' | 'modelVersion' | 'priceMicros' | 'priceShape' | 'outputCount' | 'resultKey'
>;

/** A run to be, before it is known what is set aside for it and who asks. */
export interface RunToBe
  extends Readonly<Described & Pick<RequestColumns, 'projectId' | 'characterId' | 'environment' | 'seed'>>,
    Pick<RunInputs, 'prompt' | 'parameters' | 'references'> {}

/** A run to be, as it is written: all columns that are asked for, without those of the viewer. */
export interface NewGeneration
  extends RunToBe,
    Readonly<Omit<RequestColumns, keyof RunToBe | keyof ReturnType<typeof spenderOf>>> {
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

/** A new run and who asks for it, as `request_generations` reads it: the columns of the run, and what is no column. */
export function toColumns(run: NewGeneration, viewer: Viewer) {
  const columns = requestOf({ ...run, ...spenderOf(viewer) });
  return { ...writeColumns(columns), reuse: run.reuse, actor_kind: viewer.kind };
}
