import { setTimeout as sleep } from 'node:timers/promises';
import { RateLimited } from '../../errors.ts';
import type { EventFeed } from '../../platform/events/event-feed.ts';
import type { Cost } from '../../platform/limits/cost-meter.ts';
import { asIterator } from './as-iterator.ts';
import { type StreamGroup, startStreamGroup } from './stream-group.ts';
import type { Subscriber } from './subscriber.ts';
import { type RightsGroup, type SubscriptionExecutor, trustedForMs } from './subscription-executor.ts';

/*
 * Subscribers with the same document and variables share the read of events, the review of access and the execution:
 * one execution for each kind and role of viewer. They share the bytes of the result; id and cost are inserted for
 * each. An execution notes whether a resolver read the viewer; its result is then not shared. A subscriber first
 * catches up alone and joins its group at the newest step. A subscriber that cannot pay, or does not read, leaves the
 * group and catches up alone again. A read says whether it reached the newest step. Sockets and members of a group
 * are kept by credential, so the cost of a review grows with the number of credentials and projects, not of sockets.
 */

/** Sends subscribers the events that they follow. The work is done once for all subscribers of the same events. */
export interface SharedStreams {
  /** Ends when no more events can come. Yields nothing, because the events are written to the socket directly. */
  follow(make: (ended: AbortSignal) => Subscriber, onEnd: () => void): AsyncGenerator<never, void>;
}

/**
 * Each subscriber first catches up alone, at the pace at which it reads and pays. At the newest step it joins the
 * group of subscribers that follow the same. A subscriber that is too slow for its group leaves it and catches up
 * alone again.
 */
export function createSharedStreams(tools: {
  events: Pick<EventFeed, 'follow'>;
  executor: SubscriptionExecutor;
}): SharedStreams {
  const { executor } = tools;
  const groups = new Map<string, StreamGroup>();

  function groupFor({ key, followed, position }: Subscriber): StreamGroup {
    const known = groups.get(key);
    if (known) return known;
    const group: StreamGroup = startStreamGroup(tools, { followed, position: position ?? 0n }, () => {
      if (groups.get(key) === group) groups.delete(key);
    });
    groups.set(key, group);
    return group;
  }

  /** Sends one subscriber the stored events. Resolves to true when no more can come, or the subscriber has ended. */
  async function catchUp(subscriber: Subscriber): Promise<boolean> {
    const { followed, key, ended } = subscriber;
    let read = () => followed.read(subscriber.position);
    for (;;) {
      const groupPosition = groups.get(key)?.position();
      const { steps, readOn } = await read();
      let group: RightsGroup | undefined;
      let reviewedAt = Number.NEGATIVE_INFINITY;
      for (const step of steps) {
        const cost = await chargeWithPatience(subscriber);
        if (!cost) return true;
        if (!group || performance.now() - reviewedAt > trustedForMs) {
          reviewedAt = performance.now();
          group = await reviewOne(subscriber);
        }
        const payloadOf = await executor.payloads(group, step.value);
        await subscriber.send(payloadOf(subscriber), cost);
        subscriber.position = step.sequence;
        if (step.isLast || ended.aborted) return true;
      }
      if (readOn) {
        read = readOn;
        continue;
      }
      // The read reached the newest step, so it brought all steps up to the group's position before it. So the steps
      // between the subscriber's position and the group's are not for this subscriber.
      const { position } = subscriber;
      if (groupPosition !== undefined && position !== null && position < groupPosition)
        subscriber.position = groupPosition;
      return ended.aborted;
    }
  }

  async function reviewOne(subscriber: Subscriber): Promise<RightsGroup> {
    const [group] = await executor.review([new Set([subscriber])], (_, why) => {
      throw why;
    });
    if (!group) throw new Error('The review of a subscriber has no result.');
    return group;
  }

  return {
    follow: (make, onEnd) =>
      asIterator(async (ended) => {
        const subscriber = make(ended);
        for (;;) {
          if (await catchUp(subscriber)) return;
          if ((await groupFor(subscriber).join(subscriber)) === 'DONE') return;
        }
      }, onEnd),
  };
}

/** Pays for an event. Waits while there are too few points, so no event is lost. Null when the subscriber has ended. */
async function chargeWithPatience(subscriber: Subscriber): Promise<Cost | null> {
  const { ended } = subscriber;
  while (!ended.aborted) {
    const cost = await subscriber.charge();
    if (!(cost instanceof RateLimited)) return cost;
    await sleep(cost.retryAfterSeconds * 1_000, undefined, { signal: ended }).catch(() => undefined);
  }
  return null;
}
