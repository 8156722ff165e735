import { expect, it } from '@jest/globals';
import { isTransient } from '../../../src/platform/db/transient.ts';

const withCode = (code: string) => Object.assign(new Error('refused'), { code });

it.each([
  withCode('P1017'),
  withCode('P2024'),
  withCode('57P01'),
  withCode('40P01'),
  // Waited too long for a lock, or for an answer: an answer of the provider's must not be lost by that.
  withCode('55P03'),
  withCode('57014'),
  withCode('08006'),
  withCode('ECONNREFUSED'),
  new Error('Connection terminated unexpectedly'),
  // What the pool says when all of its connections are taken.
  new Error('timeout exceeded when trying to connect'),
  new Error('Query read timeout'),
  new Error('outer', { cause: new Error('middle', { cause: withCode('53300') }) }),
  Object.assign(new Error('prisma'), { meta: { driverAdapterError: { cause: { originalCode: '57P03' } } } }),
  Object.assign(new Error('prisma'), {
    meta: { driverAdapterError: { cause: { kind: 'DatabaseNotReachable' } } },
  }),
])('may work later: %p', (error) => {
  expect(isTransient(error)).toBe(true);
});

it.each([
  withCode('P2002'),
  withCode('23505'),
  withCode('22P05'),
  new Error('The prompt says: connection'),
  new TypeError('undefined is not a function'),
  'connection terminated',
  null,
  undefined,
])('will not: %p', (error) => {
  expect(isTransient(error)).toBe(false);
});

it('ends on causes that turn in a circle', () => {
  const error: Error & { cause?: unknown } = new Error('round');
  error.cause = error;
  expect(isTransient(error)).toBe(false);
});
