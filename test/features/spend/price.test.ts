import { describe, expect, it } from '@jest/globals';
import { spendPoints } from '../../../src/features/spend/price.ts';

const month = { from: '2026-11-01', to: '2026-11-30' };
const most = 7_500;

describe('the price of a report', () => {
  it.each<[string, object, number]>([
    ['no grouping', {}, 10 + 9],
    ['few names', { groupBy: ['DAY', 'MODEL', 'STATUS'] }, 10 + 9],
    ['members', { groupBy: ['MEMBER'] }, 10 + 90],
    ['keys, by a filter', { groupBy: ['DAY'], filter: { apiKeyIds: ['x'] } }, 10 + 90],
    ['characters', { groupBy: ['CHARACTER'] }, 10 + 30 * 80],
    ['characters, without brackets', { groupBy: 'CHARACTER' }, 10 + 30 * 80],
    ['characters, by a filter', { filter: { characterIds: [] } }, 10 + 30 * 80],
    ['two dimensions', { groupBy: ['MODEL', 'MEMBER'] }, 10 + 30 * 80],
    ['a dimension and a filter by another', { groupBy: ['MODEL'], filter: { userIds: ['x'] } }, 10 + 30 * 80],
    ['a filter that is null', { groupBy: ['MODEL'], filter: { userIds: null } }, 10 + 9],
    ['ten years of characters', { from: '2016-12-01', groupBy: ['CHARACTER'] }, most],
    ['one day of characters', { from: '2026-11-30', groupBy: ['CHARACTER'] }, 10 + 80],
    ['days in the wrong order', { from: '2026-12-05', groupBy: ['CHARACTER'] }, 10],
    ['a day that does not exist', { from: '2026-02-30', groupBy: ['CHARACTER'] }, 10],
    ['no day', { from: undefined, groupBy: ['CHARACTER'] }, 10],
    ['a day of the wrong type', { from: {} }, most],
    ['a grouping that does not exist', { groupBy: ['HOUR'] }, most],
    ['a filter of the wrong type', { filter: [] }, most],
  ])('of %s', (_, args, points) => {
    expect(spendPoints({ ...month, groupBy: [], ...args })).toBe(points);
  });
});
