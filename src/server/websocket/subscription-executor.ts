import { type ExecutionResult, execute, type FormattedExecutionResult } from 'graphql';
import { knowRole } from '../../features/access/authorize.ts';
import { isEnd, refusal, reviewAccess } from '../../features/access/review-access.ts';
import type { Role } from '../../platform/auth/role.ts';
import { watchViewer } from '../../platform/auth/watch-viewer.ts';
import type { Context } from '../../platform/context.ts';
import { Loaders } from '../../platform/reads/loaders.ts';
import type { ServerContext } from '../server-context.ts';
import type { Subscriber } from './subscriber.ts';

/** How long a review of access counts, in milliseconds. It never counts for events of a later read. */
export const trustedForMs = 500;
/** The most executions for single viewers at a time. */
const ownAtOnce = 20;

const nothing = Buffer.alloc(0);

/**
 * Subscribers of one stream with the same kind and role in its project. They get the same payload, unless it depends on
 * the viewer.
 */
export interface RightsGroup {
  readonly role: Role;
  /** One set for each credential. */
  readonly subscribers: ReadonlySet<Subscriber>[];
}

/** Checks access, and makes the payloads of an event for its subscribers. */
export interface SubscriptionExecutor {
  /**
   * Checks in one statement whether subscribers still have access, once for each set of subscribers with the same
   * credential. Calls `refuse` with each subscriber that has lost access, and the reason.
   */
  review(
    together: readonly ReadonlySet<Subscriber>[],
    refuse: (each: Subscriber, why: Error) => void,
  ): Promise<RightsGroup[]>;
  /**
   * The inside of the message's payload for each subscriber. It is executed once for all, or once for each if needed.
   */
  payloads(group: RightsGroup, value: unknown): Promise<(subscriber: Subscriber) => Buffer>;
}

/** Makes an executor. `present` makes errors safe to show. */
export function createSubscriptionExecutor(
  ctx: ServerContext,
  present: (result: ExecutionResult) => FormattedExecutionResult,
): SubscriptionExecutor {
  async function execution({ viewer, args, followed }: Subscriber, role: Role, value: unknown) {
    let isPersonal = false;
    const contextValue: Context = {
      ...ctx,
      viewer: watchViewer(viewer, () => {
        isPersonal = true;
      }),
      // New loaders for each step, because loaders cache.
      loaders: new Loaders(),
    };
    knowRole(contextValue, followed.projectId, role);
    const result = await execute({ ...args, contextValue, rootValue: value });
    return { payload: Buffer.from(JSON.stringify(present(result)).slice(1, -1)), isPersonal };
  }

  return {
    async review(together, refuse) {
      const asked = together.flatMap((subscribers) => {
        const [first] = subscribers;
        return first ? [{ viewer: first.viewer, projectId: first.followed.projectId, subscribers }] : [];
      });
      const standings = await reviewAccess(ctx, asked);
      const groups = new Map<string, RightsGroup>();
      for (const [index, { viewer, subscribers }] of asked.entries()) {
        const role = standings[index] ?? 'PROJECT_GONE';
        if (isEnd(role)) {
          for (const each of subscribers) refuse(each, refusal(role, each.followed.what));
          continue;
        }
        const rights = `${viewer.kind} ${role}`;
        const group = groups.get(rights);
        if (group) group.subscribers.push(subscribers);
        else groups.set(rights, { role, subscribers: [subscribers] });
      }
      return [...groups.values()];
    },
    async payloads({ role, subscribers }, value) {
      const first = firstOf(subscribers);
      if (!first) return () => nothing;
      const { payload, isPersonal } = await execution(first, role, value);
      if (!isPersonal) return () => payload;
      const others = subscribers.flatMap((each) => [...each]).filter((each) => each !== first);
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

function firstOf(all: readonly ReadonlySet<Subscriber>[]): Subscriber | undefined {
  for (const [first] of all) if (first) return first;
  return undefined;
}
