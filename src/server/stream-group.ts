import { setImmediate as nextTurn } from 'node:timers/promises';
import { RateLimited, toError } from '../errors.ts';
import type { EventFeed } from '../platform/events/event-feed.ts';
import { type Step, stepsAtOnce } from '../platform/events/followed.ts';
import type { Cost } from '../platform/limits/cost-meter.ts';
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
  { events, teller }: { events: EventFeed; teller: Teller },
  { followed, position: start }: { followed: Subscriber['followed']; position: bigint },
  onEmpty: () => void,
): StreamGroup {
  const members = new Map<Subscriber, Place>();
  const waiting = new Map<Subscriber, Place>();
  const stopping = new AbortController();
  let position = start;
  let isTelling = false;

  function leave(subscriber: Subscriber, outcome: Outcome | Error): void {
    (members.get(subscriber) ?? waiting.get(subscriber))?.leave(outcome);
  }

  function admit(): void {
    for (const [subscriber, place] of waiting) {
      if (subscriber.position === null || subscriber.position < position) place.leave('BEHIND');
      else {
        waiting.delete(subscriber);
        members.set(subscriber, place);
      }
    }
  }

  function deliver(
    subscriber: Subscriber,
    payload: Buffer,
    sequence: bigint,
    paid: Cost | RateLimited,
  ): void {
    if (!members.has(subscriber)) return;
    if (paid instanceof RateLimited) return leave(subscriber, 'BEHIND');
    subscriber.push(payload, paid);
    subscriber.position = sequence;
  }

  async function tellAlike(alike: Alike, { sequence, value }: Step): Promise<void> {
    const payloadOf = await teller.payloads(alike, value);
    const late: Promise<void>[] = [];
    for (const [index, subscriber] of alike.subscribers.entries()) {
      if (index > 0 && index % toldInOneTurn === 0) await nextTurn();
      if (!members.has(subscriber) || (subscriber.position ?? -1n) >= sequence) continue;
      if (subscriber.isSlow()) leave(subscriber, 'BEHIND');
      else {
        const payload = payloadOf(subscriber);
        const paid = subscriber.pay();
        if (!(paid instanceof Promise)) deliver(subscriber, payload, sequence, paid);
        else
          late.push(
            paid.then(
              (cost) => deliver(subscriber, payload, sequence, cost),
              (error: unknown) => leave(subscriber, toError(error)),
            ),
          );
      }
    }
    await Promise.all(late);
  }

  /** Whether that was all there ever will be. */
  async function tell(steps: readonly Step[]): Promise<boolean> {
    let reviewed: Alike[] = [];
    let reviewedAt = Number.NEGATIVE_INFINITY;
    for (const step of steps) {
      if (performance.now() - reviewedAt > trustedForMs) {
        reviewedAt = performance.now();
        reviewed = await teller.review([...members.keys()], leave);
      }
      await Promise.all(reviewed.map((alike) => tellAlike(alike, step)));
      position = step.sequence;
      if (step.isLast) for (const place of members.values()) place.leave('DONE');
      if (members.size === 0) return true;
    }
    return false;
  }

  async function readAndTell(): Promise<boolean> {
    isTelling = true;
    try {
      for (;;) {
        const steps = await followed.read(position);
        if (await tell(steps)) return members.size + waiting.size === 0;
        if (steps.length < stepsAtOnce) return false;
      }
    } finally {
      isTelling = false;
      admit();
    }
  }

  function endAll(outcome: Outcome | Error): void {
    for (const place of [...members.values(), ...waiting.values()]) place.leave(outcome);
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
        waiting.set(subscriber, {
          leave(outcome) {
            subscriber.ended.removeEventListener('abort', onEnd);
            members.delete(subscriber);
            waiting.delete(subscriber);
            if (outcome instanceof Error) reject(outcome);
            else resolve(outcome);
            if (members.size + waiting.size > 0) return;
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
