import { setImmediate as nextTurn } from 'node:timers/promises';
import { RateLimited, toError } from '../../errors.ts';
import type { EventFeed } from '../../platform/events/event-feed.ts';
import type { Step } from '../../platform/events/followed.ts';
import type { Cost } from '../../platform/limits/cost-meter.ts';
import type { Subscriber } from './subscriber.ts';
import { type RightsGroup, type SubscriptionExecutor, trustedForMs } from './subscription-executor.ts';

/**
 * After this many subscribers the sending yields to the event loop, so that other work of the process is not delayed.
 */
const sentInOneTurn = 250;

/** How a subscriber left its group. DONE: no more events can come. BEHIND: it must catch up alone. */
export type Outcome = 'DONE' | 'BEHIND';

/** Subscribers that follow the same, with the same document and variables, at the same position. */
export interface StreamGroup {
  /** Resolves when the subscriber has left the group. Rejects with the error that ended its membership. */
  join(subscriber: Subscriber): Promise<Outcome>;
  /** The newest step that the group has sent. */
  position(): bigint;
}

interface Place {
  leave(outcome: Outcome | Error): void;
}

/**
 * Reads each step once for all members. Three rules give each member the same steps as reading alone:
 *
 * 1. No subscriber is admitted while a batch is sent, so each receiver's access is reviewed after the batch was read.
 * 2. No subscriber is admitted whose position is before the group's, so no member misses a step.
 * 3. A step is sent only to members whose position is before it, so no member gets a step twice.
 *
 * The group waits for no member: a member that has too few points, or does not read, leaves.
 */
export function startStreamGroup(
  { events, executor }: { events: Pick<EventFeed, 'follow'>; executor: SubscriptionExecutor },
  { followed, position: start }: { followed: Subscriber['followed']; position: bigint },
  onEmpty: () => void,
): StreamGroup {
  const places = new Map<Subscriber, Place>();
  const waiting = new Set<Subscriber>();
  /** The members by credential. The access of members with the same credential is reviewed once. */
  const members = new Map<string, Set<Subscriber>>();
  const stopping = new AbortController();
  let position = start;
  let isSending = false;

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
    cost: Cost | RateLimited,
  ): void {
    if (cost instanceof RateLimited) return leave(subscriber, 'BEHIND');
    subscriber.push(payload, cost);
    subscriber.position = sequence;
  }

  async function deliverWhenCharged(
    subscriber: Subscriber,
    payload: Buffer,
    sequence: bigint,
    charging: Promise<Cost | RateLimited>,
  ): Promise<void> {
    try {
      const cost = await charging;
      if (members.get(subscriber.credential)?.has(subscriber)) deliver(subscriber, payload, sequence, cost);
    } catch (error) {
      leave(subscriber, toError(error));
    }
  }

  async function sendToGroup(group: RightsGroup, { sequence, value }: Step): Promise<void> {
    const payloadOf = await executor.payloads(group, value);
    const late: Promise<void>[] = [];
    let sent = 0;
    // A member that leaves is removed from the set at once. No new member joins meanwhile.
    for (const together of group.subscribers) {
      for (const subscriber of together) {
        if ((subscriber.position ?? -1n) >= sequence) continue;
        if (subscriber.isSlow()) leave(subscriber, 'BEHIND');
        else {
          const payload = payloadOf(subscriber);
          const cost = subscriber.charge();
          if (cost instanceof Promise) late.push(deliverWhenCharged(subscriber, payload, sequence, cost));
          else deliver(subscriber, payload, sequence, cost);
        }
        sent += 1;
        if (sent % sentInOneTurn === 0) await nextTurn();
      }
    }
    await Promise.all(late);
  }

  /** Sends steps to the members. Without members it still moves the position, by which `admit` refuses subscribers. */
  async function sendSteps(steps: readonly Step[]): Promise<void> {
    let reviewed: RightsGroup[] = [];
    let reviewedAt = Number.NEGATIVE_INFINITY;
    for (const step of steps) {
      if (performance.now() - reviewedAt > trustedForMs) {
        reviewedAt = performance.now();
        reviewed = await executor.review([...members.values()], leave);
      }
      await Promise.all(reviewed.map((group) => sendToGroup(group, step)));
      position = step.sequence;
      if (step.isLast)
        for (const together of members.values()) for (const each of together) leave(each, 'DONE');
    }
  }

  /** Reads and sends the new steps. Resolves to true when no member is left. */
  async function readAndSend(): Promise<boolean> {
    isSending = true;
    try {
      for (;;) {
        const { steps, readOn } = await followed.read(position);
        // A new state of what is followed has no place in the order of steps, so each subscriber reads it alone.
        if (steps.some(({ sequence }) => sequence <= position)) endAll('BEHIND');
        else await sendSteps(steps);
        if (places.size === 0) return true;
        if (!readOn) return false;
      }
    } finally {
      isSending = false;
      admit();
    }
  }

  function endAll(outcome: Outcome | Error): void {
    for (const place of places.values()) place.leave(outcome);
  }
  // Starts after the first subscriber has joined.
  queueMicrotask(() => {
    events.follow(followed.projectId, readAndSend, stopping.signal).then(
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
        else if (!isSending) admit();
      });
    },
  };
}
