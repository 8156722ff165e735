import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { Followed } from '../../../src/platform/events/followed.ts';
import { startStreamGroup } from '../../../src/server/websocket/stream-group.ts';
import type { Subscriber } from '../../../src/server/websocket/subscriber.ts';

/** Somebody who was told up to a step; a slow one is out at the next. */
function subscriber(position: bigint, { isSlow }: { isSlow: boolean }): Subscriber {
  const cost = { requested: 1, remaining: 1, restoreRate: 1 };
  const parts = { position, credential: `${position} ${isSlow}`, ended: new AbortController().signal };
  return { ...parts, isSlow: () => isSlow, pay: () => cost, push: () => undefined } as unknown as Subscriber;
}

it('who waits to be let in is not kept from steps that nobody else was left for', async () => {
  const steps = [5n, 6n, 7n].map((sequence) => ({ sequence, value: sequence, isLast: false }));
  const followed = new Followed({
    name: 'project',
    projectId: 'project',
    what: 'Project',
    after: 4n,
    read: async (after) => steps.filter(({ sequence }) => sequence > (after ?? 0n)),
  });
  const feed = {
    /** Reads once: no hint comes after it. */
    async follow(_: string, read: () => Promise<boolean>, signal: AbortSignal) {
      if (!(await read()) && !signal.aborted) await once(signal, 'abort');
    },
    close: async () => undefined,
  };
  const late = Promise.withResolvers<unknown>();
  const teller = {
    review: async (subscribers: readonly ReadonlySet<Subscriber>[]) => [
      { role: 'OWNER' as const, subscribers: [...subscribers] },
    ],
    async payloads(_: unknown, value: unknown) {
      if (value === 5n) late.resolve(group.join(subscriber(5n, { isSlow: false })));
      return () => Buffer.from(String(value));
    },
  };
  const group = startStreamGroup({ events: feed, teller }, { followed, position: 4n }, () => undefined);
  expect(await group.join(subscriber(4n, { isSlow: true }))).toBe('BEHIND');
  expect(await Promise.race([late.promise, sleep(1_000, 'STILL WAITS')])).toBe('BEHIND');
});
