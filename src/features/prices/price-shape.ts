import { countOutputs } from '../../catalogue/check.ts';
import type { ImageModelDefinition, Parameter } from '../../catalogue/model.ts';

/** What the price of a run depends on. */
interface PriceShape {
  /** Canonical JSON: runs with the same text are compared with each other. */
  readonly shape: string;
  /** How many pictures are asked for. */
  readonly outputCount: number;
}

const sizeRoles: readonly Parameter['role'][] = ['WIDTH', 'HEIGHT'];
/** Sizes that differ by less cost about the same. */
const sizeStep = 256;

/** The shape of a run with these parameters, by the provider's names; what is left out counts as its default. */
export function priceShape(
  model: ImageModelDefinition,
  parameters: Readonly<Record<string, unknown>>,
): PriceShape {
  const outputCount = countOutputs(model, parameters);
  const takesInputSize = model.parameters.some(
    (parameter) =>
      parameter.role === 'USE_INPUT_SIZE' && (parameters[parameter.name] ?? parameter.default) === true,
  );
  const costly = model.parameters.flatMap((parameter) => {
    const value = parameters[parameter.name] ?? parameter.default;
    if (sizeRoles.includes(parameter.role) && typeof value === 'number') {
      return takesInputSize ? [] : [[parameter.name, Math.ceil(value / sizeStep) * sizeStep] as const];
    }
    return parameter.affectsPrice ? [[parameter.name, value] as const] : [];
  });
  const shape = Object.fromEntries([['outputs', outputCount] as const, ...costly].sort());
  return { shape: JSON.stringify(shape), outputCount };
}
