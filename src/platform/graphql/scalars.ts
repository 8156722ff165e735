import { GraphQLError, GraphQLScalarType } from 'graphql';
import { GraphQLDateTimeISO, GraphQLJSONObject, GraphQLSafeInt, GraphQLURL } from 'graphql-scalars';

function describe(scalar: GraphQLScalarType, name: string, description: string): GraphQLScalarType {
  return new GraphQLScalarType({ ...scalar.toConfig(), name, description });
}

export const DateTimeScalar = describe(
  GraphQLDateTimeISO,
  'DateTime',
  'A moment in UTC, as in `2026-11-01T12:00:00.000Z`.',
);
export const UrlScalar = describe(GraphQLURL, 'URL', 'An absolute URL.');
export const JsonObjectScalar = describe(GraphQLJSONObject, 'JSONObject', 'A JSON object of any shape.');
export const SafeIntScalar = describe(
  GraphQLSafeInt,
  'SafeInt',
  'A whole number that JSON carries exactly: from -(2^53 - 1) to 2^53 - 1. Seeds pass 32 bits.',
);

/** Micro-dollars as a decimal of dollars with six places: 580000n becomes "0.580000". */
export function formatMicros(micros: bigint): string {
  const digits = (micros < 0n ? -micros : micros).toString().padStart(7, '0');
  return `${micros < 0n ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** Money leaves as text, so that no client's floating point can change it. */
export const DecimalScalar = new GraphQLScalarType<never, string>({
  name: 'Decimal',
  description: 'An exact amount of US dollars with six decimal places, as text: `"0.580000"`.',
  serialize(value) {
    if (typeof value !== 'bigint') throw new GraphQLError('An amount is whole micro-dollars.');
    return formatMicros(value);
  },
  parseValue() {
    throw new GraphQLError('Decimal is not taken as input yet.');
  },
});
