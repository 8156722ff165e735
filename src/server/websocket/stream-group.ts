import { setImmediate as nextTurn } from 'node:timers/promises';
import { RateLimited, toError } from '../../errors.ts';
import type { EventFeed } from '../../platform/events/event-feed.ts';
import type { Step } from '../../platform/events/followed.ts';
import type { Cost } from '../../platform/limits/cost-meter.ts';
import type { Subscriber } from './subscriber.ts';
import { type Alike, type Teller, trustedForMs } from './tell.ts';

/** Other work of the process gets its turn after so many have been told. */
const toldInOneTurn = 250;

/** How a subscriber left its group: it knows all there is to know, or must catch up by itself. */
export type Outcome = 'DONE' | 'BEHIND';

/** Those who follow the same, with the same document and variables, and have been told the same. */
export interface StreamGroup {
  /** Resolves when the subscriber is no longer in it. Throws what ended it for them. */
  join(subscriber: Subscriber): Promise<Outcome>;
  /** The newest step that it has told. */
  position(): bigint;
}

interface Place {
  leave(outcome: Outcome | Error): void;
}

/**
 * Reads each step once for all. Three rules make it as good as reading alone: nobody is let in while a batch is told, so
 * whoever is told of it was asked for after it was read; nobody is let in whose position is behind the group's, so
 * nobody misses a step; nobody is told a step that is not behind their own position, so nobody is told one twice. It
 * waits for none of them: who cannot pay, or does not read, is out.
 */
export function startStreamGroup(
  { events, teller }: { events: Pick<EventFeed, 'follow'>; teller: Teller },
  { followed, position: start }: { followed: Subscriber['followed']; position: bigint },
  onEmpty: () => void,
): StreamGroup {
  const places = new Map<Subscriber, Place>();
  const waiting = new Set<Subscriber>();
  /** By credential: who came with the same is asked for once. */
  const members = new Map<string, Set<Subscriber>>();
  const stopping = new AbortController();
  let position = start;
  let isTelling = false;

  function leave(subscriber: Subscriber, outcome: Outcome | Error): void {
    places.get(subscriber)?.leave(outcome);
  }

  function admit(): void {
    for (const subscriber of waiting) {
      if (subscriber.position === null || subscriber.position < position) leave(subscriber, 'BEHIND');
      else {
        const { credential } = subscriber;
        waiting.delete(subscriber);
        members.set(credential, (members.get(credential) ?? new Set()).add(subscriber));
      }
    }
  }

  function forget(subscriber: Subscriber): void {
    const { credential } = subscriber;
    const others = members.get(credential);
    places.delete(subscriber);
    waiting.delete(subscriber);
    others?.delete(subscriber);
    if (others?.size === 0) members.delete(credential);
  }

  function deliver(
    subscriber: Subscriber,
    payload: Buffer,
    sequence: bigint,
    paid: Cost | RateLimited,
  ): void {
    if (paid instanceof RateLimited) return leave(subscriber, 'BEHIND');
    subscriber.push(payload, paid);
    subscriber.position = sequence;
  }

  async function deliverPaid(
    subscriber: Subscriber,
    payload: Buffer,
    sequence: bigint,
    paying: Promise<Cost | RateLimited>,
  ): Promise<void> {
    try {
      const paid = await paying;
      if (members.get(subscriber.credential)?.has(subscriber)) deliver(subscriber, payload, sequence, paid);
    } catch (error) {
      leave(subscriber, toError(error));
    }
  }

  async function tellAlike(alike: Alike, { sequence, value }: Step): Promise<void> {
    const payloadOf = await teller.payloads(alike, value);
    const late: Promise<void>[] = [];
    let told = 0;
    // Whoever leaves is out of their set at once, and nobody comes in.
    for (const together of alike.subscribers) {
      for (const subscriber of together) {
        if ((subscriber.position ?? -1n) >= sequence) continue;
        if (subscriber.isSlow()) leave(subscriber, 'BEHIND');
        else {
          const payload = payloadOf(subscriber);
          const paid = subscriber.pay();
          if (paid instanceof Promise) late.push(deliverPaid(subscriber, payload, sequence, paid));
          else deliver(subscriber, payload, sequence, paid);
        }
        told += 1;
        if (told % toldInOneTurn === 0) await nextTurn();
      }
    }
    await Promise.all(late);
  }

  /** Also what nobody is left for: whoever waits to be let in must be seen to be behind it. */
  async function tell(steps: readonly Step[]): Promise<void> {
    let reviewed: Alike[] = [];
    let reviewedAt = Number.NEGATIVE_INFINITY;
    for (const step of steps) {
      if (performance.now() - reviewedAt > trustedForMs) {
        reviewedAt = performance.now();
        reviewed = await teller.review([...members.values()], leave);
      }
      await Promise.all(reviewed.map((alike) => tellAlike(alike, step)));
      position = step.sequence;
      if (step.isLast)
        for (const together of members.values()) for (const each of together) leave(each, 'DONE');
    }
  }

  /** Whether nobody is left. */
  async function readAndTell(): Promise<boolean> {
    isTelling = true;
    try {
      for (;;) {
        const { steps, readOn } = await followed.read(position);
        // A state that begins anew has no place in the order: each catches up with it alone.
        if (steps.some(({ sequence }) => sequence <= position)) endAll('BEHIND');
        else await tell(steps);
        if (places.size === 0) return true;
        if (!readOn) return false;
      }
    } finally {
      isTelling = false;
      admit();
    }
  }

  function endAll(outcome: Outcome | Error): void {
    for (const place of places.values()) place.leave(outcome);
  }
  // Not before the first has joined.
  queueMicrotask(() => {
    events.follow(followed.projectId, readAndTell, stopping.signal).then(
      () => endAll('DONE'),
      (error: unknown) => endAll(toError(error)),
    );
  });

  return {
    position: () => position,
    join(subscriber) {
      return new Promise((resolve, reject) => {
        const onEnd = () => leave(subscriber, 'DONE');
        waiting.add(subscriber);
        places.set(subscriber, {
          leave(outcome) {
            subscriber.ended.removeEventListener('abort', onEnd);
            forget(subscriber);
            if (outcome instanceof Error) reject(outcome);
            else resolve(outcome);
            if (places.size > 0) return;
            stopping.abort();
            onEmpty();
          },
        });
        subscriber.ended.addEventListener('abort', onEnd);
        if (subscriber.ended.aborted) onEnd();
        else if (!isTelling) admit();
      });
    },
  };
}
