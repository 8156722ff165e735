import { once } from 'node:events';
import { Followed, type Step } from '../../src/platform/events/followed.ts';
import type { Subscriber } from '../../src/server/websocket/subscriber.ts';

/** Steps whose values are their numbers, as text. */
export const stepsOf = (...sequences: number[]): Step[] =>
  sequences.map((sequence) => ({ sequence: BigInt(sequence), value: String(sequence), isLast: false }));

/** Something to follow. */
export const followedBy = (read: Followed['read']) =>
  new Followed({ name: 'project', projectId: 'project', what: 'Project', after: null, read });

/** A subscriber that has the steps up to a position. `told` gets its payloads; a slow one leaves at the next step. */
export function subscriber(
  position: bigint,
  { isSlow = false, told = [] as string[], ...more }: Partial<Fake> = {},
): Subscriber {
  const cost = { requested: 1, remaining: 1, restoreRate: 1 };
  const receive = (payload: Buffer) => told.push(String(payload));
  return {
    position,
    key: 'the same',
    credential: 'the same',
    ended: new AbortController().signal,
    isSlow: () => isSlow,
    charge: () => cost,
    push: receive,
    send: async (payload: Buffer) => void receive(payload),
    ...more,
  } as unknown as Subscriber;
}

interface Fake {
  readonly isSlow: boolean;
  readonly told: string[];
  readonly followed: Followed;
  readonly ended: AbortSignal;
}

/** A feed that reads once, and again at each call of `hint`. */
export function startFeed() {
  let hint: () => void = () => undefined;
  return {
    hint: () => hint(),
    async follow(_: string, read: () => Promise<boolean>, signal: AbortSignal) {
      while (!(await read()) && !signal.aborted) {
        const hinted = new Promise<void>((resolve) => {
          hint = resolve;
        });
        await Promise.race([hinted, once(signal, 'abort')]);
      }
    },
  };
}

/** Makes the value of each step its payload for all subscribers; `during` runs while a payload is made. */
export const executorOf = (during: (value: unknown) => void = () => undefined) => ({
  review: async (subscribers: readonly ReadonlySet<Subscriber>[]) => [
    { role: 'OWNER' as const, subscribers: [...subscribers] },
  ],
  async payloads(_: unknown, value: unknown) {
    during(value);
    return () => Buffer.from(String(value));
  },
});
