import { GraphQLScalarType, Kind } from 'graphql';
import {
  GraphQLDateTimeISO,
  GraphQLJSONObject,
  GraphQLLocalDate,
  GraphQLSafeInt,
  GraphQLURL,
} from 'graphql-scalars';
import { hasFourDigitYear } from '../../days.ts';
import { formatMicros, parseDollars } from '../../money.ts';

function describe(scalar: GraphQLScalarType, name: string, description: string): GraphQLScalarType {
  return new GraphQLScalarType({ ...scalar.toConfig(), name, description });
}

/** Returns the moment. Throws TypeError when its year does not have four digits: Postgres cannot read its text then. */
function writable(at: Date): Date {
  if (hasFourDigitYear(at)) return at;
  throw new TypeError('A moment must be in the years 1 to 9999 of UTC.');
}

export const DateTimeScalar = new GraphQLScalarType({
  ...describe(
    GraphQLDateTimeISO,
    'DateTime',
    'A moment in UTC, such as `2026-11-01T12:00:00.000Z`.',
  ).toConfig(),
  parseValue: (value) => writable(GraphQLDateTimeISO.parseValue(value)),
  parseLiteral: (node) => writable(GraphQLDateTimeISO.parseLiteral(node)),
});
/** Texts pass as they are: the addresses that we answer are our own, and parsing each takes longer than signing it. */
export const UrlScalar = new GraphQLScalarType({
  ...describe(GraphQLURL, 'URL', 'An absolute URL.').toConfig(),
  serialize: (value) => (typeof value === 'string' ? value : GraphQLURL.serialize(value)),
});
export const JsonObjectScalar = describe(GraphQLJSONObject, 'JSONObject', 'A JSON object of any shape.');
export const SafeIntScalar = describe(
  GraphQLSafeInt,
  'SafeInt',
  'A whole number from -(2^53 - 1) to 2^53 - 1, which JSON carries exactly. Used for seeds and counts that do not fit into 32 bits.',
);

/** Amounts are sent as text, so that no client's floating point can change them. */
export const DecimalScalar = new GraphQLScalarType<bigint, string>({
  name: 'Decimal',
  description:
    'An exact amount of US dollars with at most six decimal places, at most a billion, as text: `"0.580000"`. A JSON number is refused.',
  serialize(value) {
    if (typeof value !== 'bigint') throw new TypeError('An amount is whole micro-dollars.');
    return formatMicros(value);
  },
  parseValue: readAmount,
  parseLiteral: (node) => readAmount(node.kind === Kind.STRING ? node.value : undefined),
});

/** Throws TypeError and not GraphQLError, because GraphQL adds the type and the location only to other errors. */
function readAmount(given: unknown): bigint {
  const micros = typeof given === 'string' ? parseDollars(given) : null;
  if (micros !== null) return micros;
  throw new TypeError(
    'An amount must be text: dollars with at most six decimal places, at most a billion, such as "12.50".',
  );
}

/** A day of a calendar. */
export const DateScalar = new GraphQLScalarType({
  ...describe(
    GraphQLLocalDate,
    'Date',
    'A day, such as `2026-11-01`. The field says in which time zone.',
  ).toConfig(),
  parseValue: (value) => writableDay(GraphQLLocalDate.parseValue(value)),
  parseLiteral: (node) => writableDay(GraphQLLocalDate.parseLiteral(node)),
});

function writableDay(day: string): string {
  writable(new Date(day));
  return day;
}
