import { toError } from '../errors.ts';
import { type AccessEnd, reviewAccess } from '../features/access/review-access.ts';
import { type Viewer, viewerName } from '../platform/auth/viewer.ts';
import { closable } from '../platform/events/closable.ts';
import type { EventFeed } from '../platform/events/event-feed.ts';
import type { ServerContext } from './server-context.ts';

/** Access that has ended ends the socket within this time, and that of one statement. */
const reviewEveryMs = 1_000;

/** Somebody's open connection. */
export interface LiveSocket {
  readonly viewer: Viewer;
  /** The projects that are followed on it, and how often. */
  readonly follows: ReadonlyMap<string, number>;
  /** Subscriptions and other operations under way on it. */
  operations(): number;
  /** The process' event feed, noting what this socket follows; `charge` is waited for before each event is told. */
  follow(charge: (ended: AbortSignal) => Promise<void>): EventFeed;
  close(reason: AccessEnd): void;
}

/** Who is connected to this process, and what they follow. */
export interface LiveSockets {
  /** Counts a socket in; null when the viewer has too many. */
  admit(socket: Pick<LiveSocket, 'viewer' | 'operations' | 'close'>): LiveSocket | null;
  leave(socket: LiveSocket): void;
  /** Whether the viewer has too many operations under way, over all their sockets. */
  isBusy(viewer: Viewer): boolean;
  stop(): void;
}

/**
 * Keeps the caps, and asks once a second whether those who are connected still may be: every process looks at the
 * database for itself, so it does not matter which of them a key was revoked on. The admin has no caps.
 */
export function createLiveSockets(ctx: ServerContext): LiveSockets {
  const live = new Map<string, Set<LiveSocket>>();
  const { WS_MAX_SOCKETS, WS_MAX_SUBSCRIPTIONS } = ctx.config;
  const of = (viewer: Viewer) => live.get(viewerName(viewer)) ?? new Set<LiveSocket>();
  let isReviewing = false;

  async function review(): Promise<void> {
    if (isReviewing || live.size === 0) return;
    isReviewing = true;
    try {
      const sockets = [...live.values()].flatMap((each) => [...each]);
      const ends = await reviewAccess(
        ctx,
        sockets.map(({ viewer, follows }) => ({ viewer, projectIds: [...follows.keys()] })),
      );
      for (const [index, end] of ends.entries()) if (end) sockets[index]?.close(end);
    } catch (error) {
      // Nothing is told meanwhile either: what is told comes from the same database.
      ctx.log.warn({ err: toError(error) }, 'the access of sockets could not be reviewed');
    } finally {
      isReviewing = false;
    }
  }
  const timer = setInterval(review, reviewEveryMs).unref();

  return {
    admit(socket) {
      if (socket.viewer.kind !== 'ADMIN' && of(socket.viewer).size >= WS_MAX_SOCKETS) return null;
      const follows = new Map<string, number>();
      const admitted: LiveSocket = {
        ...socket,
        follows,
        follow: (charge) => noting(ctx.events, follows, charge),
      };
      live.set(viewerName(socket.viewer), of(socket.viewer).add(admitted));
      return admitted;
    },
    leave(socket) {
      const others = of(socket.viewer);
      others.delete(socket);
      if (others.size === 0) live.delete(viewerName(socket.viewer));
    },
    isBusy(viewer) {
      if (viewer.kind === 'ADMIN') return false;
      let count = 0;
      for (const socket of of(viewer)) count += socket.operations();
      return count > WS_MAX_SUBSCRIPTIONS;
    },
    stop() {
      clearInterval(timer);
    },
  };
}

function noting(
  events: EventFeed,
  follows: Map<string, number>,
  charge: (ended: AbortSignal) => Promise<void>,
): EventFeed {
  async function* charged<Item>(items: AsyncGenerator<Item, void>, ended: AbortSignal) {
    for await (const item of items) {
      await charge(ended);
      if (ended.aborted) return;
      yield item;
    }
  }
  return {
    ...events,
    follow(projectId, read) {
      follows.set(projectId, (follows.get(projectId) ?? 0) + 1);
      return closable(
        (ended) => charged(events.follow(projectId, read, ended), ended),
        () => {
          const others = (follows.get(projectId) ?? 1) - 1;
          if (others > 0) follows.set(projectId, others);
          else follows.delete(projectId);
        },
      );
    },
  };
}
