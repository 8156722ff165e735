import { describe, expect, it } from '@jest/globals';
import { createTimerWheel } from '../../src/platform/timer-wheel.ts';
import { delay } from '../support/delay.ts';

const never = new AbortController().signal;

describe('the wheel', () => {
  it('wakes each sleeper, and none early', async () => {
    const wheel = createTimerWheel(10);
    const early = await Promise.all(
      Array.from({ length: 500 }, async (_, index) => {
        const delayMs = (index * 7) % 120;
        const startedAt = performance.now();
        await wheel.sleep(delayMs, never);
        return performance.now() - startedAt < delayMs;
      }),
    );
    expect(early).not.toContain(true);
    expect(wheel.size).toBe(0);
  });

  it('wakes in the order in which they are due, those of one tick as they came', async () => {
    const wheel = createTimerWheel(20);
    const woken: string[] = [];
    const nap = async (name: string, delayMs: number) => {
      await wheel.sleep(delayMs, never);
      woken.push(name);
    };
    await Promise.all([nap('last', 120), nap('first', 5), nap('second', 5), nap('middle', 60)]);
    expect(woken).toEqual(['first', 'second', 'middle', 'last']);
  });

  it('that was held up wakes all that were due meanwhile, still in order', async () => {
    const wheel = createTimerWheel(10);
    const woken: number[] = [];
    const all = [90, 30, 60].map(async (delayMs) => {
      await wheel.sleep(delayMs, never);
      woken.push(delayMs);
    });
    const endsAt = performance.now() + 150;
    while (performance.now() < endsAt);
    // A timer of the same loop, which is held up by all that holds up the wheel.
    const later = delay(80).then(() => 'later');
    expect(await Promise.race([Promise.all(all).then(() => 'woken'), later])).toBe('woken');
    expect(woken).toEqual([30, 60, 90]);
  });

  it('does not drift: each of many short sleeps in a row begins where it is', async () => {
    let time = 0;
    const wheel = createTimerWheel(10, () => time);
    let count = 0;
    const loop = (async () => {
      for (; count < 20; count += 1) await wheel.sleep(100, never);
    })();
    while (count < 20) {
      time += 50;
      await delay(12);
    }
    await loop;
    // Twenty sleeps of two steps each.
    expect(time / 50).toBeGreaterThanOrEqual(40);
    expect(time / 50).toBeLessThan(70);
  });

  it('turns on after hours in which the machine slept', async () => {
    let time = 0;
    const wheel = createTimerWheel(10, () => time);
    const [short, long] = [wheel.sleep(50, never), wheel.sleep(7_200_000, never)];
    time = 3_600_000;
    await short;
    expect(wheel.size).toBe(1);
    time = 7_300_000;
    await long;
    const later = wheel.sleep(10, never);
    time += 20;
    await later;
  });

  it('a sleep of no time ends at the next tick', async () => {
    const wheel = createTimerWheel(5);
    await wheel.sleep(0, never);
    await wheel.sleep(-5, never);
    expect(wheel.size).toBe(0);
  });
});

describe('a signal', () => {
  it('ends its own sleepers at once, and no others', async () => {
    const wheel = createTimerWheel(10);
    const mine = new AbortController();
    const reason = new Error('handed over');
    const others = wheel.sleep(50, never);
    const ended = Array.from({ length: 3_000 }, (_, index) =>
      wheel.sleep(index % 2 === 0 ? 50 : 60_000, mine.signal).catch((error: unknown) => error),
    );
    expect(wheel.size).toBe(3_001);
    mine.abort(reason);
    expect(new Set(await Promise.all(ended))).toEqual(new Set([reason]));
    expect(wheel.size).toBe(1);
    await others;
    expect(wheel.size).toBe(0);
  });

  it('that has aborted lets no caller sleep', async () => {
    const wheel = createTimerWheel(10);
    await expect(wheel.sleep(10, AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
    expect(wheel.size).toBe(0);
  });

  it('has one listener, however many sleep under it', async () => {
    const wheel = createTimerWheel(5);
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      return add(...args);
    };
    await Promise.all(Array.from({ length: 100 }, () => wheel.sleep(5, signal)));
    await wheel.sleep(5, signal);
    expect(listeners).toBe(1);
  });
});
