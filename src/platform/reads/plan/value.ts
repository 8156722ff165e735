import { type GraphQLOutputType, isLeafType, isListType, isNonNullType, isObjectType } from 'graphql';
import { buildObject } from './build.ts';
import { Extraordinary, NotPlanned } from './plan.ts';
import type { Selected } from './selections.ts';

/** Makes JSON's value of one in memory. */
type BuildValue = (value: unknown) => unknown;

/**
 * Presents what a function has made as its type says: leaves, lists and objects whose fields are plain members. `below` is
 * what is selected of the objects.
 */
export function buildValue(type: GraphQLOutputType, below: readonly Selected[]): BuildValue {
  if (isNonNullType(type)) {
    const build = buildValue(type.ofType, below);
    return (value) => build(value) ?? refuseNull();
  }
  const build = isListType(type)
    ? buildItems(buildValue(type.ofType, below))
    : isLeafType(type)
      ? (value: unknown) => type.serialize(value)
      : isObjectType(type)
        ? buildMembers(type.name, below)
        : null;
  if (!build) throw new NotPlanned(`${String(type)} is not one type.`);
  return (value) => {
    if (value == null) return null;
    if (value instanceof Error || value instanceof Promise || typeof value === 'function')
      throw new Extraordinary('There is no plain answer.');
    return build(value);
  };
}

function refuseNull(): never {
  throw new Extraordinary('What cannot be null is.');
}

function buildItems(build: BuildValue): BuildValue {
  return (value) => {
    if (!Array.isArray(value)) throw new Extraordinary('A list is no list.');
    return value.map(build);
  };
}

function buildMembers(typeName: string, selected: readonly Selected[]): BuildValue {
  const build = buildObject(
    selected.map(({ key, name, field, below }) => {
      if (name === '__typename') return { name: key, value: () => typeName };
      if (!field || field.resolve) throw new NotPlanned(`${typeName}.${name} has a resolver.`);
      const buildMember = buildValue(field.type, below);
      return { name: key, value: (object: object) => buildMember(Reflect.get(object, name)) };
    }),
  );
  return (value) => {
    if (typeof value !== 'object' || value === null) throw new Extraordinary('An object is no object.');
    return build(value);
  };
}
