import { expect, it } from '@jest/globals';
import { freePlaces, type Turn } from '../../../src/platform/jobs/places.ts';

function turns(count: number, turn: Partial<Turn> = {}): Turn[] {
  return Array.from({ length: count }, () => ({ isInKept: false, hasSettled: false, ...turn }));
}
const settled = { hasSettled: true };
const kept = { isInKept: true };

it.each<[string, number, Turn[], number, number]>([
  ['a single place is for any job', 1, [], 1, 0],
  ['one in eight is kept', 16, [], 14, 2],
  ['what is taken is not free', 16, turns(10), 4, 2],
  ['those that are kept stay kept when all others are taken', 16, turns(14), 0, 2],
  ['and are given to urgent ones', 16, [...turns(14), ...turns(1, kept)], 0, 1],
  ['runs on their way keep their places', 16, turns(14, settled), 0, 2],
  ['of thousands of places so many are begun at a time', 5_000, [], 84, 12],
  ['while those are begun, nothing else is but urgent ones', 5_000, turns(84), 0, 12],
  ['once they are on their way, the next are begun', 5_000, turns(84, settled), 84, 12],
  ['three thousand on their way leave room', 5_000, turns(3_000, settled), 84, 12],
  ['until the places are taken', 5_000, turns(4_370, settled), 5, 12],
])('%s', (_, places, all, open, keptFree) => {
  expect(freePlaces(places, all)).toEqual({ open, kept: keptFree });
});
