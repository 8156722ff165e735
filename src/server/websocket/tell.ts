import { type ExecutionResult, execute, type FormattedExecutionResult } from 'graphql';
import { knowRole } from '../../features/access/authorize.ts';
import { isEnd, refusal, reviewAccess } from '../../features/access/review-access.ts';
import type { Role } from '../../platform/auth/role.ts';
import { watchViewer } from '../../platform/auth/watch-viewer.ts';
import type { Context } from '../../platform/context.ts';
import { Loaders } from '../../platform/reads/loaders.ts';
import type { ServerContext } from '../server-context.ts';
import type { Subscriber } from './subscriber.ts';

/** Whoever was allowed to know is believed to be for this long, and never past the next read. */
export const trustedForMs = 500;
/** Executions for one viewer each, at a time. */
const ownAtOnce = 20;

const nothing = Buffer.alloc(0);

/** Subscribers to the same that are the same in its project: they may be told the same, unless it is about themselves. */
export interface Alike {
  readonly role: Role;
  /** Those with the same credential together. */
  readonly subscribers: ReadonlySet<Subscriber>[];
}

/** Makes of what happened what each may know of it. */
export interface Teller {
  /**
   * Asks in one statement whether they still may follow, once for those with the same credential, who come together;
   * hands those who may not, and why, to `refuse`.
   */
  review(
    together: readonly ReadonlySet<Subscriber>[],
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
    async review(together, refuse) {
      const asked = together.flatMap((subscribers) => {
        const [first] = subscribers;
        return first ? [{ viewer: first.viewer, projectId: first.followed.projectId, subscribers }] : [];
      });
      const standings = await reviewAccess(ctx, asked);
      const alike = new Map<string, Alike>();
      for (const [index, { viewer, subscribers }] of asked.entries()) {
        const role = standings[index] ?? 'PROJECT_GONE';
        if (isEnd(role)) {
          for (const each of subscribers) refuse(each, refusal(role, each.followed.what));
          continue;
        }
        const rights = `${viewer.kind} ${role}`;
        const others = alike.get(rights);
        if (others) others.subscribers.push(subscribers);
        else alike.set(rights, { role, subscribers: [subscribers] });
      }
      return [...alike.values()];
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
