import {
  type GraphQLEnumType,
  type GraphQLOutputType,
  getNullableType,
  isEnumType,
  isListType,
  isNonNullType,
  isScalarType,
} from 'graphql';
import { formatMicros } from '../../../money.ts';
import { isoTime } from '../moment.ts';
import type { SelectedColumn } from '../view.ts';
import { columnPart } from './build.ts';
import { Extraordinary, type Part } from './plan.ts';

type FromText = (text: string) => unknown;

/** The pairs of GraphQL type and column of which JSON's value is made without the column's in between. */
const direct: Readonly<Record<string, FromText>> = {
  'String TEXT': (text) => text,
  'Int INTEGER': Number,
  'Boolean BOOLEAN': (text) => text === 't',
  'Float FLOAT': (text) => {
    const value = Number(text);
    if (!Number.isFinite(value)) throw new Extraordinary('JSON has no such number.');
    return value;
  },
  'DateTime MOMENT': isoTime,
  'Decimal BIGINT': (text) => formatMicros(BigInt(text)),
};

/** A column as JSON's value, straight from Postgres' text; null where it takes the column's value to say it. */
export function leafPart(type: GraphQLOutputType, column: SelectedColumn): Part | null {
  const build = fromText(type, column);
  if (!build) return null;
  const isNullable = !isNonNullType(type);
  return columnPart(column, (text) => {
    if (text !== null) return build(text);
    if (isNullable) return null;
    throw new Extraordinary('What cannot be null is.');
  });
}

function fromText(type: GraphQLOutputType, { holds }: SelectedColumn): FromText | null {
  const nullable = getNullableType(type);
  if (isEnumType(nullable) && holds === 'TEXT') return fromWord(nullable);
  if (isScalarType(nullable)) return direct[`${nullable.name} ${holds}`] ?? null;
  // Our arrays have no nulls in them.
  if (isListType(nullable) && holds === 'TEXTS' && String(nullable) === '[String!]') return JSON.parse;
  return null;
}

function fromWord(type: GraphQLEnumType): FromText {
  const names = new Map(type.getValues().map(({ name, value }) => [value, name]));
  return (word) => {
    const name = names.get(word);
    if (name === undefined) throw new Extraordinary(`${word} is not in the schema.`);
    return name;
  };
}
