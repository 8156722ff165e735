import { afterEach, expect, it } from '@jest/globals';
import { createLogger } from '../../../src/logger.ts';
import { monitorStorage, type StorageMonitor } from '../../../src/platform/storage/storage-health.ts';
import { eventually } from '../../support/eventually.ts';

let monitor: StorageMonitor;
afterEach(() => monitor.close());

/** A disk that has room for so many bytes, or hangs. */
function diskWith(room: number) {
  const disk = { room, attempts: [] as number[], hang: null as Promise<void> | null, lines: [] as string[] };
  const log = createLogger('info', { write: (line) => void disk.lines.push(JSON.parse(line).msg) });
  const attempt = async (sizeBytes: number) => {
    disk.attempts.push(sizeBytes);
    await disk.hang;
    if (sizeBytes > disk.room) throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
  };
  monitor = monitorStorage(attempt, log, { everyMs: 50, timeoutMs: 200 });
  return disk;
}

it('tries at most once for all who ask together, and believes it for a moment', async () => {
  const disk = diskWith(1e9);
  expect(await Promise.all([1, 2, 3].map(() => monitor.prove()))).toEqual([null, null, null]);
  expect(await monitor.prove(60_000)).toBeNull();
  expect(disk.attempts).toHaveLength(1);
  await monitor.prove(0);
  expect(disk.attempts).toHaveLength(2);
});

it('a failure of one place is none of the whole', async () => {
  const disk = diskWith(1e9);
  await monitor.noteFailure(500_000);
  expect([monitor.problem, disk.attempts, disk.lines]).toEqual([null, [500_000], []]);
});

it('does not work as long as what failed would fail again, logs each change once, and recovers by itself', async () => {
  const disk = diskWith(50_000);
  expect(await monitor.prove()).toBeNull();
  await Promise.all([monitor.noteFailure(100_000), monitor.noteFailure(100_000)]);
  expect(monitor.problem).toBe('cannot be written: ENOSPC');
  expect(await monitor.prove(0)).toBe('cannot be written: ENOSPC');
  const before = disk.attempts.length;
  await eventually('it to try again', () => disk.attempts.length > before + 1);
  expect(new Set(disk.attempts.slice(-2))).toEqual(new Set([100_000]));
  expect(monitor.problem).not.toBeNull();
  expect(monitor.unhealthyForMs()).toBeGreaterThan(40);
  disk.room = 200_000;
  await eventually('it to be well', () => monitor.problem === null);
  expect(monitor.unhealthyForMs()).toBe(0);
  expect(disk.lines).toEqual([
    'pictures cannot be stored: nothing is submitted until they can',
    'pictures can be stored again',
  ]);
});

it('a disk that does not answer does not work, and is not tried a second time before it answers', async () => {
  const disk = diskWith(1e9);
  const { promise, resolve } = Promise.withResolvers<void>();
  disk.hang = promise;
  expect(await monitor.prove()).toBe('cannot be written: it does not answer');
  await eventually('time for more attempts', () => monitor.unhealthyForMs() > 500);
  expect(disk.attempts).toHaveLength(1);
  resolve();
  await eventually('it to be well', () => monitor.problem === null);
});
