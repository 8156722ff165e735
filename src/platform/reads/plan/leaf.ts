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
import { isoTime, quote } from '../json.ts';
import type { SelectedColumn } from '../view.ts';
import { Extraordinary, type Part } from './plan.ts';

type FromText = (text: string) => string;

/** The pairs of GraphQL type and column that need no value in between. */
const direct: Readonly<Record<string, FromText>> = {
  'String TEXT': quote,
  'Int INTEGER': (text) => text,
  'Boolean BOOLEAN': (text) => (text === 't' ? 'true' : 'false'),
  'Float FLOAT': (text) => {
    const value = Number(text);
    if (!Number.isFinite(value)) throw new Extraordinary('JSON has no such number.');
    return JSON.stringify(value);
  },
  'DateTime MOMENT': (text) => `"${isoTime(text)}"`,
  'Decimal BIGINT': (text) => `"${formatMicros(BigInt(text))}"`,
  'SafeInt BIGINT': (text) => {
    if (!Number.isSafeInteger(Number(text))) throw new Extraordinary('No JSON number is exact here.');
    return text;
  },
};

/** A column as JSON text, straight from Postgres'; null where it takes a value to say it. */
export function leafPart(type: GraphQLOutputType, column: SelectedColumn): Part | null {
  const write = fromText(type, column);
  if (!write) return null;
  const isNullable = !isNonNullType(type);
  return {
    columns: [column],
    below: [],
    writer(layout) {
      const place = layout.place(column);
      return (row) => {
        const text = row[place];
        if (text != null) return write(text);
        if (isNullable) return 'null';
        throw new Extraordinary('What cannot be null is.');
      };
    },
  };
}

function fromText(type: GraphQLOutputType, { holds }: SelectedColumn): FromText | null {
  const nullable = getNullableType(type);
  if (isEnumType(nullable) && holds === 'TEXT') return fromWord(nullable);
  if (isScalarType(nullable)) return direct[`${nullable.name} ${holds}`] ?? null;
  // Our arrays have no nulls in them, and Postgres' JSON is spelled as ours is.
  if (isListType(nullable) && holds === 'TEXTS' && String(nullable) === '[String!]') return (text) => text;
  return null;
}

function fromWord(type: GraphQLEnumType): FromText {
  const names = new Map(type.getValues().map(({ name, value }) => [value, JSON.stringify(name)]));
  return (word) => {
    const name = names.get(word);
    if (name === undefined) throw new Extraordinary(`${word} is not in the schema.`);
    return name;
  };
}
