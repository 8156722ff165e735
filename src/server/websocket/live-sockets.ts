import {
  type AccessEnd,
  type Follower,
  isEnd,
  questionOf,
  reviewAccess,
} from '../../features/access/review-access.ts';
import { createOutage } from '../../logger.ts';
import { type Viewer, viewerName } from '../../platform/auth/viewer.ts';
import type { ServerContext } from '../server-context.ts';

/** A socket whose access has ended is closed within this time and the time of one statement. */
const reviewEveryMs = 1_000;

/** A viewer's open connection. */
export interface LiveSocket {
  readonly viewer: Viewer;
  /** The number of subscriptions and other operations under way on the socket. */
  operations(): number;
  /** Notes that the socket follows a project. Returns the function that ends the note. */
  follow(projectId: string): () => void;
  close(reason: AccessEnd): void;
}

/** The sockets of this process, and the projects that they follow. */
export interface LiveSockets {
  /** Admits a socket; null when the viewer has too many sockets. */
  admit(socket: Pick<LiveSocket, 'viewer' | 'operations' | 'close'>): LiveSocket | null;
  leave(socket: LiveSocket): void;
  /** Whether the viewer has too many operations under way, over all their sockets. */
  isBusy(viewer: Viewer): boolean;
  stop(): void;
}

/** A check for all sockets of one credential: of the credential itself, or of its access to one project. */
interface Question extends Follower {
  /** The sockets, and how many of each socket's subscriptions need this check. */
  readonly sockets: Map<LiveSocket, number>;
}

/**
 * Enforces the limits of sockets, and reviews the access of all sockets once a second. Every process reads the database
 * itself, so a key may be revoked on any process. The admin has no limits.
 */
export function createLiveSockets(ctx: ServerContext): LiveSockets {
  const live = new Map<string, Set<LiveSocket>>();
  const { WS_MAX_SOCKETS, WS_MAX_SUBSCRIPTIONS } = ctx.config;
  const of = (viewer: Viewer) => live.get(viewerName(viewer)) ?? new Set<LiveSocket>();
  const questions = new Map<string, Question>();
  const leaving = new WeakMap<LiveSocket, () => void>();
  let isReviewing = false;
  const outage = createOutage(ctx.log, {
    failed: 'the access of sockets cannot be reviewed',
    over: 'the access of sockets is reviewed again',
  });

  /** Keeps a check as long as a socket needs it. Returns the function that ends the need of this socket. */
  function keepAsking(socket: LiveSocket, projectId: string | null): () => void {
    const { viewer } = socket;
    const key = questionOf({ viewer, projectId });
    const question = questions.get(key) ?? { viewer, projectId, sockets: new Map<LiveSocket, number>() };
    const { sockets } = question;
    questions.set(key, question);
    sockets.set(socket, (sockets.get(socket) ?? 0) + 1);
    return () => {
      const others = (sockets.get(socket) ?? 1) - 1;
      if (others > 0) sockets.set(socket, others);
      else sockets.delete(socket);
      if (sockets.size === 0 && questions.get(key) === question) questions.delete(key);
    };
  }

  async function review(): Promise<void> {
    if (isReviewing || live.size === 0) return;
    isReviewing = true;
    try {
      const asked = [...questions.values()];
      const standings = await reviewAccess(ctx, asked);
      outage.worked();
      for (const [index, standing] of standings.entries())
        if (isEnd(standing)) for (const socket of asked[index]?.sockets.keys() ?? []) socket.close(standing);
    } catch (error) {
      // No events are sent meanwhile either, because they are read from the same database.
      outage.failed(error);
    } finally {
      isReviewing = false;
    }
  }
  const timer = setInterval(review, reviewEveryMs).unref();

  return {
    admit(socket) {
      if (socket.viewer.kind !== 'ADMIN' && of(socket.viewer).size >= WS_MAX_SOCKETS) return null;
      const admitted: LiveSocket = { ...socket, follow: (projectId) => keepAsking(admitted, projectId) };
      live.set(viewerName(socket.viewer), of(socket.viewer).add(admitted));
      leaving.set(admitted, keepAsking(admitted, null));
      return admitted;
    },
    leave(socket) {
      const others = of(socket.viewer);
      others.delete(socket);
      if (others.size === 0) live.delete(viewerName(socket.viewer));
      leaving.get(socket)?.();
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
