import { expect, it } from '@jest/globals';
import type { Batch, Step } from '../../../src/platform/events/followed.ts';
import { createSharedStreams } from '../../../src/server/websocket/shared-streams.ts';
import { eventually } from '../../support/eventually.ts';
import { executorOf, followedBy, startFeed, stepsOf, subscriber } from '../../support/streams.ts';

/** Numbers from one to another. */
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

/**
 * A history of which the steps from `keptFrom` on are stored. A read from before that brings the state first: `states`
 * steps in two parts, of which only the last moves the reader on.
 */
function history({ keptFrom, newest, states }: { keptFrom: number; newest: number; states: number }) {
  const stored = (after: bigint): Batch => {
    const behind = stepsOf(...range(Math.max(keptFrom, Number(after) + 1), kept.newest));
    const steps = behind.slice(0, 200);
    const last = steps.at(-1)?.sequence ?? after;
    return { steps, readOn: behind.length > 200 ? async () => stored(last) : null };
  };
  const kept = {
    newest,
    followed: followedBy(async (after) => {
      const from = after ?? 0n;
      if (from >= keptFrom - 1) return stored(from);
      const state = range(1, states).map((n): Step => {
        const sequence = n === states ? BigInt(keptFrom - 1) : from;
        return { sequence, value: `state ${n}`, isLast: false };
      });
      const half = Math.ceil(states / 2);
      const rest = { steps: state.slice(half), readOn: async () => stored(BigInt(keptFrom - 1)) };
      return { steps: state.slice(0, half), readOn: async () => rest };
    }),
  };
  return kept;
}

it.each([
  [1, 410],
  [3, 410],
  [450, 410],
  [3, 900],
])(
  'a state of %i steps, and all stored ones to %i, are told to one who joins others that were told them long ago',
  async (states, newest) => {
    const kept = history({ keptFrom: 400, newest, states });
    const { followed } = kept;
    const feed = startFeed();
    const streams = createSharedStreams({ events: feed, executor: executorOf() });
    const ending = new AbortController();
    const follow = (position: number, told: string[]) =>
      void streams
        .follow(
          () => subscriber(BigInt(position), { told, followed, ended: ending.signal }),
          () => undefined,
        )
        .next();
    const [live, late]: [string[], string[]] = [[], []];
    follow(newest, live);
    await new Promise((resolve) => setImmediate(resolve));
    follow(5, late);
    const expected = [...range(1, states).map((n) => `state ${n}`), ...range(400, newest).map(String)];
    await eventually('the newest', () => late.at(-1) === String(newest));
    expect(late).toEqual(expected);
    // They are told together from here on, each once.
    kept.newest += 1;
    await eventually('the next one', () => {
      feed.hint();
      return live.length === 1 && late.length === expected.length + 1;
    });
    expect([live, late.slice(-1)]).toEqual([[String(newest + 1)], [String(newest + 1)]]);
    ending.abort();
  },
);
