import { toError } from '../errors.ts';
import { type AccessEnd, credentialOf, isEnd, reviewAccess } from '../features/access/review-access.ts';
import { type Viewer, viewerName } from '../platform/auth/viewer.ts';
import type { ServerContext } from './server-context.ts';

/** Access that has ended ends the socket within this time, and that of one statement. */
const reviewEveryMs = 1_000;

/** Somebody's open connection. */
export interface LiveSocket {
  readonly viewer: Viewer;
  readonly credential: string;
  /** The projects that are followed on it, and how often. */
  readonly follows: ReadonlyMap<string, number>;
  /** Subscriptions and other operations under way on it. */
  operations(): number;
  /** Notes that a project is followed on it; returns what ends that. */
  follow(projectId: string): () => void;
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
      const followers = [...Map.groupBy(sockets, ({ credential }) => credential).values()].flatMap(asked);
      const standings = await reviewAccess(ctx, followers);
      for (const [index, standing] of standings.entries())
        if (isEnd(standing)) for (const socket of followers[index]?.sockets ?? []) socket.close(standing);
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
        credential: credentialOf(socket.viewer),
        follows,
        follow(projectId) {
          follows.set(projectId, (follows.get(projectId) ?? 0) + 1);
          return () => {
            const others = (follows.get(projectId) ?? 1) - 1;
            if (others > 0) follows.set(projectId, others);
            else follows.delete(projectId);
          };
        },
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

/** What to ask about sockets that were opened with one credential: about itself, and about each project. */
function asked(sockets: readonly LiveSocket[]) {
  const [first] = sockets;
  if (!first) return [];
  const projectIds = new Set(sockets.flatMap(({ follows }) => [...follows.keys()]));
  const { viewer } = first;
  return [
    { viewer, projectId: null, sockets },
    ...[...projectIds].map((projectId) => ({
      viewer,
      projectId,
      sockets: sockets.filter(({ follows }) => follows.has(projectId)),
    })),
  ];
}
