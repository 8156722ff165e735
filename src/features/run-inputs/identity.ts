import { createHash } from 'node:crypto';
import { type ImageModelDefinition, parameterInRole } from '../../catalogue/model.ts';
import type { Reference } from './pick-reference.ts';

/**
 * The SHA-256 of a value, in hex. The order of an object's members does not change it, because they are sorted first. A
 * null or undefined member counts as absent.
 */
export function hashCanonically(value: unknown): string {
  const text = JSON.stringify(value, (_, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(
          Object.entries(member)
            .filter(([, each]) => each != null)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : member,
  );
  return createHash('sha256').update(text).digest('hex');
}

/**
 * A key of all inputs that a picture depends on, except the seed: two runs with the same key and seed draw the same
 * picture. A parameter that is left out counts as the provider's default.
 */
export function resultKey(
  model: ImageModelDefinition,
  parameters: Readonly<Record<string, unknown>>,
  references: readonly Reference[],
): string {
  const seedName = parameterInRole(model, 'SEED')?.name;
  const effective = model.parameters
    .filter(({ name, type }) => type !== 'IMAGE' && name !== seedName)
    .map((parameter) => [parameter.name, parameters[parameter.name] ?? parameter.default] as const);
  const pictures = references.map(({ parameter, sha256 }) => [parameter, sha256] as const);
  return hashCanonically({ model: model.slug, ...Object.fromEntries([...effective, ...pictures]) });
}

/** A hash of what a quote was made for: the character, all inputs (`key`), and the seed when one was given. */
export function quotedInputs(characterId: string, key: string, givenSeed: bigint | null): string {
  return hashCanonically({ characterId, key, seed: givenSeed === null ? null : Number(givenSeed) });
}
