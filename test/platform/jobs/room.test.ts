import { expect, it } from '@jest/globals';
import { createRoom } from '../../../src/platform/jobs/room.ts';

it('fewer jobs begin while the loop is busy, and more again when it is not', () => {
  let loop = { active: 0, idle: 0, utilization: 0 };
  const work = (active: number, idle: number) => {
    loop = { active: loop.active + active, idle: loop.idle + idle, utilization: 0 };
  };
  const room = createRoom(96, () => loop);
  work(150, 100);
  expect(room()).toBe(96);
  const busy = Array.from({ length: 8 }, () => {
    work(240, 10);
    return room();
  });
  expect(busy).toEqual([64, 42, 28, 18, 12, 8, 8, 8]);
  // Only the time since the last call counts.
  work(10, 240);
  expect([room(), room(), room()]).toEqual([16, 24, 32]);
});

it('never is more than the limit', () => {
  const room = createRoom(4, () => ({ active: 1, idle: 0, utilization: 1 }));
  expect([room(), room()]).toEqual([4, 4]);
});
