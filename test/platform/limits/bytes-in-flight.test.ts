import { describe, expect, it } from '@jest/globals';
import { Overloaded, RateLimited } from '../../../src/errors.ts';
import { createLogger } from '../../../src/logger.ts';
import { limitKey } from '../../../src/platform/auth/viewer.ts';
import type { Hold } from '../../../src/platform/limits/byte-share.ts';
import { createBytesInFlight } from '../../../src/platform/limits/bytes-in-flight.ts';

const mib = 1_048_576;
const all = 4 * mib;

function open(each = mib) {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(JSON.parse(line).msg) });
  return { bytes: createBytesInFlight({ all, each }, log), lines };
}

const admin = limitKey({ kind: 'ADMIN' });
const user = (userId: string) =>
  limitKey({
    kind: 'USER',
    userId,
    email: null,
    hasDoubtfulEmail: false,
    expiresAt: new Date(),
  });
const key = (apiKeyId: string, projectId: string, userId: string | null = null) =>
  limitKey({
    kind: 'API_KEY',
    apiKeyId,
    userId,
    projectId,
    role: 'EDITOR',
    allowedModels: [],
    expiresAt: null,
  });

/** Adds pieces until one is refused; resolves to how much went in, and to the refusal. */
function fill(hold: Hold, piece = 16_384): { taken: number; refusal: unknown } {
  for (let taken = 0; ; taken += piece) {
    try {
      hold.add(piece);
    } catch (refusal) {
      return { taken, refusal };
    }
    if (taken > 16 * mib) throw new Error('Nothing was refused.');
  }
}

/** Opens requests of so many bytes until one is refused; resolves to how much went in. */
function fillWithMany(hold: () => Hold, bytes: number): number {
  for (let taken = 0; taken < 16 * mib; taken += bytes) {
    try {
      hold().add(bytes);
    } catch {
      return taken;
    }
  }
  throw new Error('Nothing was refused.');
}

it('one who holds its share is refused; others are not, and what is done with makes room', () => {
  const { bytes, lines } = open();
  const [first, second] = [bytes.hold(user('one')), bytes.hold(user('one'))];
  for (let index = 0; index < 26; index += 1) first.add(16_384);
  const { taken, refusal } = fill(second);
  expect(refusal).toBeInstanceOf(RateLimited);
  expect(refusal).toMatchObject({ retryAfterSeconds: 1 });
  expect(26 * 16_384 + taken).toBeLessThanOrEqual((mib * 7) / 8);
  expect(26 * 16_384 + taken).toBeGreaterThan(mib / 2);
  expect(() => first.expect(mib / 4)).toThrow(RateLimited);
  fill(bytes.hold(user('other')));
  first.release();
  first.release();
  expect(() => second.expect(mib / 4)).not.toThrow();
  expect(fill(second).taken).toBeGreaterThan(mib / 4);
  expect(lines).toEqual([]);
});

it('all together are refused when they hold what the process takes, told once, and once more when it is over', () => {
  const { bytes, lines } = open();
  const holds = Array.from({ length: 8 }, (_, index) => bytes.hold(user(`viewer ${index}`)));
  const filled = holds.map((hold) => fill(hold));
  expect(filled.filter(({ refusal }) => refusal instanceof RateLimited)).toHaveLength(4);
  expect(filled.filter(({ refusal }) => refusal instanceof Overloaded)).toHaveLength(4);
  expect(filled.reduce((sum, { taken }) => sum + taken, 0)).toBeLessThanOrEqual(all);
  expect(lines).toHaveLength(1);
  for (const hold of holds) hold.release();
  expect(lines).toHaveLength(2);
  expect(fill(bytes.hold(user('next'))).taken).toBeGreaterThan(mib / 2);
});

it('the keys of one project are one sender, and so are a person and their keys', () => {
  const { bytes } = open();
  for (const [first, ...others] of [
    [key('one', 'project'), key('two', 'project'), key('three', 'project')],
    [user('person'), key('own', 'project', 'person'), key('own too', 'another', 'person')],
  ] as const) {
    fill(bytes.hold(first));
    for (const other of others) expect(fill(bytes.hold(other), 100_000).taken).toBe(0);
  }
  expect(fill(bytes.hold(key('other', 'another'))).taken).toBeGreaterThan(mib / 2);
});

describe('when several viewers hold all that the process takes, in large and in small requests', () => {
  const many = Array.from({ length: 8 }, (_, index) => user(`attacker ${index}`));
  function openFull(each = mib) {
    const { bytes } = open(each);
    for (const viewer of many) fill(bytes.hold(viewer));
    for (const viewer of many) for (const size of [60_000, 1]) fillWithMany(() => bytes.hold(viewer), size);
    expect(() => bytes.hold(user('next')).expect(100_000)).toThrow(Overloaded);
    return bytes;
  }

  it.each([mib, 2 * mib])('where each may hold %i bytes, others are served what is small', (each) => {
    const bytes = openFull(each);
    for (let index = 0; index < 1_000; index += 1) {
      const hold = bytes.hold(user(`victim ${index % 10}`));
      hold.expect(200);
      hold.add(200);
      hold.release();
    }
  });

  it('what small requests hold beyond it is bounded, however many hold them', () => {
    const bytes = openFull();
    let beyond = 0;
    const enter = (from: number, to: number) => {
      for (let index = from; index < to; index += 1)
        beyond += fillWithMany(() => bytes.hold(user(`one of many ${index}`)), 200);
    };
    enter(0, 300);
    expect(() => bytes.hold(user('another one')).add(200)).not.toThrow();
    enter(300, 3_000);
    expect(beyond).toBeLessThan(all / 2);
  });

  it('the admin is served like on any other day', () => {
    const bytes = openFull();
    expect(fill(bytes.hold(admin)).taken).toBeGreaterThan(mib / 2);
    expect(() => bytes.hold(admin).add(200)).not.toThrow();
  });
});

describe('strangers', () => {
  it('have little, by their network, and take nothing of what viewers have', () => {
    const { bytes } = open();
    const network = (part: number) => `2001:db8:0:${part.toString(16)}::`;
    const one = fillWithMany(() => bytes.holdOfStranger(`${network(1)}1`), 16_384);
    expect(one).toBeLessThanOrEqual(mib / 8);
    expect(() => bytes.holdOfStranger(`${network(1)}2`).add(16_384)).toThrow(RateLimited);
    let taken = one;
    for (let part = 2; part < 200; part += 1)
      taken += fillWithMany(() => bytes.holdOfStranger(`${network(part)}1`), 16_384);
    expect(taken).toBeLessThan(2 * mib);
    // A client with another address can still send a token.
    expect(() => bytes.holdOfStranger('203.0.113.7').add(500)).not.toThrow();
    expect(fill(bytes.hold(user('viewer'))).taken).toBeGreaterThan(mib / 2);
  });
});

it('small requests find room beside large ones of the same viewer, but not without end', () => {
  const { bytes } = open();
  for (let index = 0; index < 8; index += 1) fill(bytes.hold(user(`viewer ${index}`)));
  const small = fillWithMany(() => bytes.hold(user('viewer 0')), 1_000);
  expect(small).toBeGreaterThan(10_000);
  expect(small).toBeLessThan(mib / 8);
});

it('a request that grows is small no longer: what it holds leaves the reserve', () => {
  const { bytes } = open();
  const growing = bytes.hold(user('one'));
  for (let index = 0; index < 10; index += 1) growing.add(16_384);
  for (let index = 0; index < 8; index += 1) fill(bytes.hold(user(`viewer ${index}`)));
  expect(() => growing.add(16_384)).toThrow(Overloaded);
  expect(fillWithMany(() => bytes.hold(user('one')), 1_000)).toBeGreaterThan(10_000);
});

it('a piece of a byte counts as the memory that it takes', () => {
  const { bytes } = open();
  expect(fill(bytes.hold(user('one')), 1).taken).toBeLessThan(mib / 500);
  expect(() => bytes.hold(user('two')).add(1_000, 2_000)).toThrow(RateLimited);
});
