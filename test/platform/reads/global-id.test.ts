import { describe, expect, it } from '@jest/globals';
import { NotFound } from '../../../src/errors.ts';
import { formatMicros } from '../../../src/money.ts';
import { fromGlobalId, idsOf, parseGlobalId, toGlobalId } from '../../../src/platform/reads/global-id.ts';

const id = '01a1fc3c-7fbb-72bf-b629-e612bbacff0a';

describe('global ids', () => {
  it.each([
    '',
    'x',
    'Project:x',
    toGlobalId('Character', id),
    `${toGlobalId('Project', id)}=`,
    `${toGlobalId('Project', id)}!`,
    Buffer.from(`Project:${id}:1`).toString('base64url'),
    Buffer.from(`Nothing:${id}`).toString('base64url'),
  ])('%s is no project', (text) => expect(() => fromGlobalId('Project', text)).toThrow(NotFound));

  it('come back as they went', () => {
    expect(parseGlobalId(toGlobalId('Image', id))).toEqual({ type: 'Image', id });
  });

  it('to filter by are those of the type that is asked for, and no malformed ones', () => {
    const given = ['x', toGlobalId('Image', id), toGlobalId('Project', id)];
    expect(idsOf(given, 'Project')).toEqual([id]);
    expect(idsOf(given)).toEqual([id, id]);
  });
});

it.each([
  [0n, '0.000000'],
  [580_000n, '0.580000'],
  [1n, '0.000001'],
  [-1_500_000n, '-1.500000'],
  [9_007_199_254_740_993_000_001n, '9007199254740993.000001'],
])('%s micro-dollars are %s', (micros, text) => expect(formatMicros(micros)).toBe(text));
