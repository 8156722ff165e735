import { expect, it } from '@jest/globals';
import { type ConstValueNode, Kind } from 'graphql';
import { DateScalar, DateTimeScalar } from '../../../src/platform/graphql/scalars.ts';

const written = (value: string): ConstValueNode => ({ kind: Kind.STRING, value });

it.each([
  [DateTimeScalar, '0001-01-01T00:00:00Z'],
  [DateTimeScalar, '9999-12-31T23:59:59.999Z'],
  [DateScalar, '0001-01-01'],
  [DateScalar, '9999-12-31'],
])('%s takes %s', (scalar, text) => {
  expect(scalar.serialize(scalar.parseValue(text))).toEqual(
    scalar.serialize(scalar.parseLiteral(written(text))),
  );
});

it.each([
  [DateTimeScalar, '0000-12-31T23:59:59Z'],
  // In UTC it is the year 10000.
  [DateTimeScalar, '9999-12-31T23:59:59-02:00'],
  [DateTimeScalar, '0001-01-01T00:00:00+02:00'],
  [DateScalar, '0000-12-31'],
])('%s refuses %s, which Postgres does not write in the same way', (scalar, text) => {
  expect(() => scalar.parseValue(text)).toThrow('years 1 to 9999');
  expect(() => scalar.parseLiteral(written(text))).toThrow('years 1 to 9999');
});
