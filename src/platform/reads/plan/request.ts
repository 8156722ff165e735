import { Reading } from '../reading.ts';
import type { Run } from './plan.ts';
import type { Selected } from './selections.ts';
import { buildValue } from './value.ts';

/** Describes a field of the query that is made of the request, without reading anything. Null for any other field. */
export function describeRequest({ field, below }: Selected): ((run: Run) => unknown) | null {
  const read = field?.extensions.read;
  if (!field || !(read instanceof Reading) || read.description.kind !== 'REQUEST') return null;
  const { make } = read.description;
  const build = buildValue(field.type, below);
  return ({ ctx }) => build(make.of({}, {}, ctx));
}
