import { type ExecutionResult, execute, type FormattedExecutionResult } from 'graphql';
import { knowRole } from '../features/access/authorize.ts';
import { isEnd, refusal, reviewAccess } from '../features/access/review-access.ts';
import type { Role } from '../platform/auth/policy.ts';
import { watchViewer } from '../platform/auth/watch-viewer.ts';
import type { Context } from '../platform/context.ts';
import { Loaders } from '../platform/graphql/loaders.ts';
import type { ServerContext } from './server-context.ts';
import type { Subscriber } from './subscriber.ts';

/** Whoever was allowed to know is believed to be for this long, and never past the next read. */
export const trustedForMs = 500;
/** Executions for one viewer each, at a time. */
const ownAtOnce = 20;

const nothing = Buffer.alloc(0);

/** Subscribers to the same that are the same in its project: they may be told the same, unless it is about themselves. */
export interface Alike {
  readonly role: Role;
  readonly subscribers: Subscriber[];
}

/** Makes of what happened what each may know of it. */
export interface Teller {
  /** Asks in one statement whether they still may follow; hands those who may not, and why, to `refuse`. */
  review(
    subscribers: readonly Subscriber[],
    refuse: (each: Subscriber, why: Error) => void,
  ): Promise<Alike[]>;
  /** The inside of the message's payload, for each: executed once for all of them, or for each where it must be. */
  payloads(alike: Alike, value: unknown): Promise<(subscriber: Subscriber) => Buffer>;
}

/** `present` makes errors safe to show. */
export function createTeller(
  ctx: ServerContext,
  present: (result: ExecutionResult) => FormattedExecutionResult,
): Teller {
  async function execution({ viewer, args, followed }: Subscriber, role: Role, value: unknown) {
    let isPersonal = false;
    const contextValue: Context = {
      ...ctx,
      viewer: watchViewer(viewer, () => {
        isPersonal = true;
      }),
      // Loaders cache: each step is read anew.
      loaders: new Loaders(),
    };
    knowRole(contextValue, followed.projectId, role);
    const result = await execute({ ...args, contextValue, rootValue: value });
    return { payload: Buffer.from(JSON.stringify(present(result)).slice(1, -1)), isPersonal };
  }

  return {
    async review(subscribers, refuse) {
      const together = [...Map.groupBy(subscribers, ({ credential }) => credential).values()];
      const followers = together.flatMap(([first]) =>
        first ? [{ viewer: first.viewer, projectId: first.followed.projectId }] : [],
      );
      const standings = await reviewAccess(ctx, followers);
      const alike = new Map<string, Alike>();
      for (const [index, each] of together.entries()) {
        const role = standings[index] ?? 'PROJECT_GONE';
        if (isEnd(role)) {
          for (const subscriber of each) refuse(subscriber, refusal(role, subscriber.followed.what));
          continue;
        }
        const rights = `${followers[index]?.viewer.kind} ${role}`;
        const others = alike.get(rights);
        if (others) for (const subscriber of each) others.subscribers.push(subscriber);
        else alike.set(rights, { role, subscribers: each });
      }
      return [...alike.values()];
    },
    async payloads({ role, subscribers: [first, ...others] }, value) {
      if (!first) return () => nothing;
      const { payload, isPersonal } = await execution(first, role, value);
      if (!isPersonal) return () => payload;
      const own = new Map([[first, payload]]);
      for (let from = 0; from < others.length; from += ownAtOnce) {
        const some = others.slice(from, from + ownAtOnce).filter(({ ended }) => !ended.aborted);
        await Promise.all(
          some.map(async (each) => own.set(each, (await execution(each, role, value)).payload)),
        );
      }
      return (subscriber) => own.get(subscriber) ?? nothing;
    },
  };
}
