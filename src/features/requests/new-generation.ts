import type { ImageModelDefinition } from '../../catalogue/model.ts';
import type { Viewer } from '../../platform/auth/viewer.ts';
import { type RequestColumns, requestOf } from '../generations/columns/columns.ts';
import { writeColumns } from '../generations/columns/statement.ts';
import { listPrice } from '../prices/price-book.ts';
import { priceShape } from '../prices/price-shape.ts';
import type { RunInputs } from '../run-inputs/build-parameters.ts';
import { resultKey } from '../run-inputs/identity.ts';
import { spenderOf } from './spender.ts';

/** The columns that follow from a run's model and its inputs. */
type Described = Pick<
  RequestColumns,
  'model' | 'modelVersion' | 'priceMicros' | 'priceShape' | 'outputCount' | 'resultKey'
>;

/** A new run, before its hold and its requester are known. */
export interface RunToBe
  extends Readonly<Described & Pick<RequestColumns, 'projectId' | 'characterId' | 'environment' | 'seed'>>,
    Pick<RunInputs, 'prompt' | 'parameters' | 'references'> {}

/** A new run as it is written: all columns of the request, except those of the viewer. */
export interface NewGeneration
  extends RunToBe,
    Readonly<Omit<RequestColumns, keyof RunToBe | keyof ReturnType<typeof spenderOf>>> {
  /**
   * Whether an existing run of the project with the same inputs answers the request, and whether its seed must match.
   */
  readonly reuse: 'NEVER' | 'SAME_SEED' | 'ANY_SEED';
}

/** The columns that follow from a model and its inputs: list price, number of pictures, key of the result. */
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

/** A new run in the form that `request_generations` reads: the run's columns, `reuse`, and the kind of the viewer. */
export function toColumns(run: NewGeneration, viewer: Viewer) {
  const columns = requestOf({ ...run, ...spenderOf(viewer) });
  return { ...writeColumns(columns), reuse: run.reuse, actor_kind: viewer.kind };
}
