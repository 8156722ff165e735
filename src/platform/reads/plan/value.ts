import { type GraphQLOutputType, isLeafType, isListType, isNonNullType, isObjectType } from 'graphql';
import { Extraordinary, NotPlanned } from './plan.ts';
import type { Selected } from './selections.ts';
import { writeObject } from './write.ts';

/** A value in memory as JSON text. */
type WriteValue = (value: unknown) => string;

/**
 * Writes what a function has made: leaves, lists and objects whose fields are plain members. `below` is what is selected
 * of the objects.
 */
export function writeValue(type: GraphQLOutputType, below: readonly Selected[]): WriteValue {
  if (isNonNullType(type)) {
    const write = writeValue(type.ofType, below);
    return (value) => {
      const text = write(value);
      if (text === 'null') throw new Extraordinary('What cannot be null is.');
      return text;
    };
  }
  const write = isListType(type)
    ? writeItems(writeValue(type.ofType, below))
    : isLeafType(type)
      ? (value: unknown) => JSON.stringify(type.serialize(value)) ?? 'null'
      : isObjectType(type)
        ? writeMembers(type.name, below)
        : null;
  if (!write) throw new NotPlanned(`${String(type)} is not one type.`);
  return (value) => {
    if (value == null) return 'null';
    if (value instanceof Error || value instanceof Promise || typeof value === 'function')
      throw new Extraordinary('There is no plain answer.');
    return write(value);
  };
}

function writeItems(write: WriteValue): WriteValue {
  return (value) => {
    if (!Array.isArray(value)) throw new Extraordinary('A list is no list.');
    return `[${value.map(write).join(',')}]`;
  };
}

function writeMembers(typeName: string, selected: readonly Selected[]): WriteValue {
  const write = writeObject(
    selected.map(({ key, name, field, below }) => {
      if (name === '__typename') return { key, value: () => JSON.stringify(typeName) };
      if (!field || field.resolve) throw new NotPlanned(`${typeName}.${name} has a resolver.`);
      const writeMember = writeValue(field.type, below);
      return { key, value: (object: object) => writeMember(Reflect.get(object, name)) };
    }),
  );
  return (value) => {
    if (typeof value !== 'object' || value === null) throw new Extraordinary('An object is no object.');
    return write(value);
  };
}
