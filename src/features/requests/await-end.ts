import { InputProblem } from '../../errors.ts';
import { limitKey } from '../../platform/auth/viewer.ts';
import type { Uses } from '../../platform/context.ts';
import type { EventFeed } from '../../platform/events/event-feed.ts';
import { refuseEnded } from '../access/review-access.ts';
import { generationStatuses, isFinal } from '../generations/generation-state.ts';
import type { GenerationRow } from '../generations/progress.ts';

/*
 * A call that waits holds no connection to the database, only its place in a map. The calls that wait for runs of one project
 * share a follower of its events, and each hint is one read by primary keys for all of them. When too many calls wait, a
 * further one is answered at once, with the run as it stands: it has been paid for, so an error would be worse.
 */

/** The longest time that a call may wait. Many proxies cut a request that has no answer for a minute. */
const longestWaitSeconds = 60;
/** The most calls that wait in a process, in all and of one viewer. */
const most = { inAll: 5_000, ofViewer: 2_500 };

/** The calls that wait for runs of one project: what ends their wait, by the run's id. */
interface Room {
  readonly ends: Map<string, Set<() => void>>;
  readonly closing: AbortController;
}

/** The calls that wait in a process. */
interface Waits {
  readonly rooms: Map<string, Room>;
  readonly countOf: Map<string, number>;
  count: number;
}

const waitsOf = new WeakMap<EventFeed, Waits>();
const finalStatuses = generationStatuses.filter(isFinal);

type Tools = Uses<'db' | 'events' | 'stopping' | 'viewer'>;

/** Throws InputProblem for a time that is too long or negative. */
export function checkWait(waitSeconds: number | null | undefined): number {
  if (waitSeconds == null || (waitSeconds >= 0 && waitSeconds <= longestWaitSeconds)) return waitSeconds ?? 0;
  throw new InputProblem(
    ['input', 'waitSeconds'],
    `waitSeconds must be from 0 to ${longestWaitSeconds}; got ${waitSeconds}.`,
  );
}

/**
 * Waits until a run has ended, for at most so many seconds. Resolves to the run as it stands then. The client's access is
 * checked again after the wait: throws Unauthenticated or NotFound when it has ended meanwhile.
 */
export async function awaitEnd(ctx: Tools, run: GenerationRow, seconds: number): Promise<GenerationRow> {
  if (seconds === 0 || isFinal(run.status)) return run;
  await untilEnd(ctx, run, seconds * 1_000);
  await refuseEnded(ctx, run.projectId, 'Generation');
  return (await ctx.db.generation.findUnique({ where: { id: run.id } })) ?? run;
}

/** Resolves when the run has ended, the time is over or the process stops; at once when too many calls wait. */
export async function untilEnd(
  ctx: Tools,
  run: Pick<GenerationRow, 'id' | 'projectId'>,
  waitMs: number,
  { inAll, ofViewer: ofEach } = most,
): Promise<void> {
  const waits = waitsOf.get(ctx.events) ?? { rooms: new Map(), countOf: new Map(), count: 0 };
  waitsOf.set(ctx.events, waits);
  const viewer = limitKey(ctx.viewer) ?? '';
  const ofViewer = waits.countOf.get(viewer) ?? 0;
  if (waits.count >= inAll || ofViewer >= ofEach) return;
  waits.count += 1;
  waits.countOf.set(viewer, ofViewer + 1);
  const { promise, resolve } = Promise.withResolvers<void>();
  const leave = enter(ctx, waits.rooms, run, resolve);
  const timer = setTimeout(resolve, waitMs);
  await promise;
  clearTimeout(timer);
  leave();
  waits.count -= 1;
  const left = (waits.countOf.get(viewer) ?? 1) - 1;
  if (left > 0) waits.countOf.set(viewer, left);
  else waits.countOf.delete(viewer);
}

/** Adds a call to those that wait for runs of its project. Returns the function that removes it. */
function enter(
  ctx: Tools,
  rooms: Map<string, Room>,
  { id, projectId }: Pick<GenerationRow, 'id' | 'projectId'>,
  end: () => void,
): () => void {
  const known = rooms.get(projectId);
  const room = known ?? { ends: new Map<string, Set<() => void>>(), closing: new AbortController() };
  const close = () => {
    if (rooms.get(projectId) === room) rooms.delete(projectId);
  };
  const ends = room.ends.get(id) ?? new Set();
  room.ends.set(id, ends.add(end));
  if (!known) {
    rooms.set(projectId, room);
    void watch(ctx, projectId, room).then(close);
  }
  return () => {
    ends.delete(end);
    if (ends.size === 0) room.ends.delete(id);
    if (room.ends.size > 0) return;
    room.closing.abort();
    close();
  };
}

/** Ends the waits of a room as their runs end, and all of them when this process stops. */
async function watch(
  { db, events, stopping }: Tools,
  projectId: string,
  { ends, closing }: Room,
): Promise<void> {
  const endAll = (of: Iterable<() => void> | undefined) => {
    for (const end of of ?? []) end();
  };
  const read = async () => {
    const ids = [...ends.keys()];
    // A database that does not answer is asked again at the next hint, or two seconds later.
    const ended = await db.generation
      .findMany({ where: { id: { in: ids }, status: { in: finalStatuses } }, select: { id: true } })
      .catch(() => []);
    for (const { id } of ended) endAll(ends.get(id));
    return false;
  };
  await events.follow(projectId, read, AbortSignal.any([closing.signal, stopping])).catch(() => undefined);
  for (const waiting of ends.values()) endAll(waiting);
}
