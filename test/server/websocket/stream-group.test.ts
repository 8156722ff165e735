import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { type StreamGroup, startStreamGroup } from '../../../src/server/websocket/stream-group.ts';
import type { Subscriber } from '../../../src/server/websocket/subscriber.ts';
import { executorOf, followedBy, startFeed, stepsOf, subscriber } from '../../support/streams.ts';

/** A group at step 4 that reads the steps 5, 6 and 7 at once; `during` happens while step 5 is told. */
function startGroup(during: (group: StreamGroup) => void): StreamGroup {
  const followed = followedBy(async (after) => ({
    steps: stepsOf(5, 6, 7).filter(({ sequence }) => sequence > (after ?? 0n)),
    readOn: null,
  }));
  const executor = executorOf((value) => {
    if (value === '5') during(group);
  });
  const group = startStreamGroup(
    { events: startFeed(), executor },
    { followed, position: 4n },
    () => undefined,
  );
  return group;
}
it('a group without members moves its position, so a subscriber that waits leaves it to catch up', async () => {
  const late = Promise.withResolvers<unknown>();
  const group = startGroup((it) => late.resolve(it.join(subscriber(5n))));
  expect(await group.join(subscriber(4n, { isSlow: true }))).toBe('BEHIND');
  expect(await late.promise).toBe('BEHIND');
}, 5_000);

it('no subscriber is admitted while a batch is sent: it would get only a part, or without a review', async () => {
  const [told, toldLate] = [[] as string[], [] as string[]];
  const late = Promise.withResolvers<unknown>();
  const group = startGroup((it) => late.resolve(it.join(subscriber(4n, { told: toldLate }))));
  void group.join(subscriber(4n, { told }));
  expect(await late.promise).toBe('BEHIND');
  expect(told).toEqual(['5', '6', '7']);
  expect(toldLate).toEqual([]);
}, 5_000);

it('who has left by the time that their payment comes through is told nothing', async () => {
  const told: string[] = [];
  const ending = new AbortController();
  const charged = Promise.withResolvers<ReturnType<Subscriber['charge']>>();
  const gone = Object.assign(subscriber(4n, { told }), {
    ended: ending.signal,
    charge: () => charged.promise,
  });
  const group = startGroup(() => setImmediate(() => ending.abort()));
  expect(await group.join(gone)).toBe('DONE');
  charged.resolve({ requested: 1, remaining: 1, restoreRate: 1 });
  // What follows from it is done in turns of the event loop alone.
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  expect(told).toEqual([]);
});
