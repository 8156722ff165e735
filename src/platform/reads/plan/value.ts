import {
  type FieldNode,
  type GraphQLOutputType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { Extraordinary, NotPlanned } from './run.ts';
import type { Selections } from './selections.ts';

/** A value in memory as JSON text. */
type WriteValue = (value: unknown) => string;

/** Writes what a resolver has made: leaves, lists and objects whose fields are plain members. */
export function writeValue(
  selections: Selections,
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
): WriteValue {
  if (isNonNullType(type)) {
    const write = writeValue(selections, type.ofType, nodes);
    return (value) => {
      const text = write(value);
      if (text === 'null') throw new Extraordinary('What cannot be null is.');
      return text;
    };
  }
  const write = isListType(type)
    ? writeItems(writeValue(selections, type.ofType, nodes))
    : isLeafType(type)
      ? (value: unknown) => JSON.stringify(type.serialize(value)) ?? 'null'
      : isObjectType(type)
        ? writeMembers(selections, type.name, selections.below(type, nodes))
        : null;
  if (!write) throw new NotPlanned(`${String(type)} is not one type.`);
  return (value) => {
    if (value == null) return 'null';
    if (value instanceof Error || value instanceof Promise || typeof value === 'function')
      throw new Extraordinary('The resolver has no plain answer.');
    return write(value);
  };
}

function writeItems(write: WriteValue): WriteValue {
  return (value) => {
    if (!Array.isArray(value)) throw new Extraordinary('A list is no list.');
    return `[${value.map(write).join(',')}]`;
  };
}

function writeMembers(
  selections: Selections,
  typeName: string,
  fields: ReturnType<Selections['below']>,
): WriteValue {
  const members = fields.map(({ key, name, field, nodes }) => {
    if (name === '__typename') return { key, of: () => JSON.stringify(typeName) };
    if (!field || field.resolve) throw new NotPlanned(`${typeName}.${name} has a resolver.`);
    const write = writeValue(selections, field.type, nodes);
    return { key, of: (value: object) => write(Reflect.get(value, name)) };
  });
  return (value) => {
    if (typeof value !== 'object' || value === null) throw new Extraordinary('An object is no object.');
    let text = '';
    for (const { key, of } of members) text += (text === '' ? '{' : ',') + key + of(value);
    return text === '' ? '{}' : `${text}}`;
  };
}
