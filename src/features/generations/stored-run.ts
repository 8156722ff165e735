import { z } from 'zod';
import { toGlobalId } from '../../platform/reads/global-id.ts';
import type { Reference } from '../run-inputs/pick-reference.ts';
import type { GenerationRow } from './progress.ts';

/*
 * The JSON columns of a run, parsed on the way out: a row outlives the code that wrote it.
 */
const references = z.array(
  z.object({
    parameter: z.string(),
    imageId: z.uuid(),
    sha256: z.string().length(64),
    contentType: z.string(),
    referenceImageId: z.uuid().nullable(),
  }),
);

const outputs = z.array(
  z.union([
    z.object({ index: z.number(), url: z.string() }),
    z.object({ index: z.number(), sha256: z.string().length(64) }),
  ]),
);

/** One output that the provider delivered: still at its URL, or already in our storage. */
export type DeliveredOutput = z.output<typeof outputs>[number];

/** The pictures a run was given. */
export function storedReferences(row: Pick<GenerationRow, 'references'>): Reference[] {
  return references.parse(row.references);
}

/** The parameters a run was given, image parameters apart. */
export function storedParameters(row: Pick<GenerationRow, 'parameters'>): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(row.parameters);
}

/** What the provider delivered for a run that is being stored. */
export function deliveredOutputs(row: GenerationRow): DeliveredOutput[] {
  return outputs.parse(row.outputs ?? []);
}

/** A run's parameters as clients read them, by the provider's names; pictures as `{ imageId, sha256 }`. */
export function parametersOf(
  generation: Pick<GenerationRow, 'parameters' | 'references'>,
): Record<string, unknown> {
  const pictures = storedReferences(generation).map(({ parameter, imageId, sha256 }) => [
    parameter,
    { imageId: toGlobalId('Image', imageId), sha256 },
  ]);
  return { ...storedParameters(generation), ...Object.fromEntries(pictures) };
}
