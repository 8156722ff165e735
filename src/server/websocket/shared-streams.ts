import { setTimeout as sleep } from 'node:timers/promises';
import { RateLimited } from '../../errors.ts';
import type { EventFeed } from '../../platform/events/event-feed.ts';
import type { Cost } from '../../platform/limits/cost-meter.ts';
import { asIterator } from './as-iterator.ts';
import { type StreamGroup, startStreamGroup } from './stream-group.ts';
import type { Subscriber } from './subscriber.ts';
import { type Alike, type Teller, trustedForMs } from './tell.ts';

/*
 * Subscribers with the same document and variables are read for, reviewed and executed for once for each kind and
 * role of viewer. The bytes are shared; id and cost are spliced in. The execution notes whether a resolver looked at
 * the viewer: then its answer is not shared. A subscriber catches up alone and joins at the newest step. One that
 * cannot pay, or does not read, leaves and catches up alone again. A read says whether it reached the newest step.
 * Sockets, and those who are sent the same, are kept by credential, so a review costs what there are credentials and
 * projects, not sockets.
 */

/** Tells subscribers what they follow, once for all who follow the same. */
export interface SharedStreams {
  /** Ends when there is nothing more to tell; yields nothing, since what it tells goes straight to the socket. */
  follow(make: (ended: AbortSignal) => Subscriber, onEnd: () => void): AsyncGenerator<never, void>;
}

/**
 * Each subscriber first catches up by itself, at the pace at which it reads and pays; once it has reached the newest step
 * it joins those who follow the same. A group leaves behind who falls behind, and they catch up by themselves again.
 */
export function createSharedStreams(tools: {
  events: Pick<EventFeed, 'follow'>;
  teller: Teller;
}): SharedStreams {
  const { teller } = tools;
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

  /** Tells one subscriber what is stored. Resolves to whether that was all there ever will be. */
  async function catchUp(subscriber: Subscriber): Promise<boolean> {
    const { followed, key, ended } = subscriber;
    let read = () => followed.read(subscriber.position);
    for (;;) {
      const told = groups.get(key)?.position();
      const { steps, readOn } = await read();
      let alike: Alike | undefined;
      let reviewedAt = Number.NEGATIVE_INFINITY;
      for (const step of steps) {
        const cost = await payWithPatience(subscriber);
        if (!cost) return true;
        if (!alike || performance.now() - reviewedAt > trustedForMs) {
          reviewedAt = performance.now();
          alike = await reviewOne(subscriber);
        }
        const payloadOf = await teller.payloads(alike, step.value);
        await subscriber.send(payloadOf(subscriber), cost);
        subscriber.position = step.sequence;
        if (step.isLast || ended.aborted) return true;
      }
      if (readOn) {
        read = readOn;
        continue;
      }
      // The read reached the newest step, so it brought all that a group had told before it. The rest is not for us.
      const { position } = subscriber;
      if (told !== undefined && position !== null && position < told) subscriber.position = told;
      return ended.aborted;
    }
  }

  async function reviewOne(subscriber: Subscriber): Promise<Alike> {
    const [alike] = await teller.review([new Set([subscriber])], (_, why) => {
      throw why;
    });
    if (!alike) throw new Error('A review told nothing.');
    return alike;
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

/** An empty purse slows a subscriber down, and loses nothing. Null when they are gone. */
async function payWithPatience(subscriber: Subscriber): Promise<Cost | null> {
  const { ended } = subscriber;
  while (!ended.aborted) {
    const paid = await subscriber.pay();
    if (!(paid instanceof RateLimited)) return paid;
    await sleep(paid.retryAfterSeconds * 1_000, undefined, { signal: ended }).catch(() => undefined);
  }
  return null;
}
