import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { createOutage, type Logger } from '../../logger.ts';
import { type ConnectionOptions, openClient } from '../db/connections/open.ts';
import { createBounds } from '../db/turns.ts';
import { createHints } from './hints.ts';

/*
 * A transaction that sends NOTIFY locks the whole database while it commits, so projects would take turns at their
 * commits. Without it 48 connections write 1.5 to 1.8 times as many runs in sixteen projects, and three times as
 * many where a commit takes three milliseconds. So the database names the project in a message to the session that
 * wrote the event (RAISE INFO), whichever code or trigger wrote it. When the transaction is over, the connection
 * notifies the event feed, which wakes the followers of this process and sends one hint for all projects gathered by
 * then, on its own connection. For a session that has not asked for this, such as a session of an older build, Postgres
 * sends the hints.
 */

/** The Postgres channel for the ids of projects that have new events. Functions of the database use the same name. */
const eventChannel = 'dramatis_project_events';

/*
 * LISTEN/NOTIFY is only a hint that a project has new events; the table is the truth, because a hint may be lost. So
 * the feed looks every `lookAgainMs` for projects whose newest number has changed, in one statement for all followed
 * projects of the process, and wakes their readers. A number that has not changed proves that a reader has everything:
 * the reader has read since an earlier look found this number. A feed that cannot look wakes all readers, and each of
 * them learns from its own read what is wrong.
 */
const lookAgainMs = 2_000;
/**
 * The most reads at a time. After a look, thousands of readers may want to read at once. They wait here and not for a
 * connection of the pool, because that wait ends with an error, and other requests need connections meanwhile.
 */
const readsAtOnce = 10;
/** No project has this number. */
const unknownSequence = '-1';
const reconnectMs = 500;
/**
 * A connection that only listens would never notice that the other side is gone, so it sends a statement this often.
 */
const probeMs = 5_000;

/** Wakes readers of a project's events. */
export interface EventFeed {
  /**
   * Calls `read` at once, after each hint, and when a look every two seconds finds that the project has new events. A
   * hint that arrives while it reads causes another call. Resolves when `read` resolves to true, when the feed ends, or
   * when `signal` aborts. Throws what `read` throws.
   */
  follow(projectId: string, read: () => Promise<boolean>, signal: AbortSignal): Promise<void>;
  /** Calls back after each hint, of any project. */
  watch(onHint: () => void): void;
  /** Wakes the followers of a project, in this process at once and in other processes soon. */
  announce(projectId: string): void;
  /** Ends every follower. */
  close(): Promise<void>;
}

/** The readers of one project. */
interface Readers {
  readonly wakers: Set<() => void>;
  /** The project's newest number at the last look; null when the project was gone. */
  sequence: string | null;
}

/** The options of a feed. */
export interface FeedOptions extends Pick<ConnectionOptions, 'timeoutMs'> {
  /**
   * A statement that returns `id` and `sequence` of the projects whose newest number is not the expected one. Its
   * parameters are an array of ids and an array of expected numbers.
   */
  readonly changed: string;
}

/** Starts listening on a connection of its own, and reconnects it until the feed is closed. */
export async function startEventFeed(
  databaseUrl: string,
  log: Logger,
  options: FeedOptions,
): Promise<EventFeed> {
  const followed = new Map<string, Readers>();
  const watchers: (() => void)[] = [];
  const reads = createBounds({ all: readsAtOnce, each: readsAtOnce });
  const closing = new AbortController();
  let client: pg.Client | undefined;
  const outage = createOutage(log, {
    failed: 'the event connection is lost',
    over: 'the event connection works again',
  });

  /** A connection that fails while the feed closes is no outage. */
  const failed = (error: unknown) => {
    if (!closing.signal.aborted) outage.failed(error);
  };

  /** The backend that sends this process's hints. Postgres delivers them to this process also. */
  let ownPid = 0;
  const sendHints = createHints(async (projectIds) =>
    client?.query('SELECT pg_notify($1, id) FROM unnest($2::text[]) id', [eventChannel, projectIds]),
  );

  function wakeFollowers(projectId: string) {
    for (const wake of followed.get(projectId)?.wakers ?? []) wake();
    for (const onHint of watchers) onHint();
  }

  function wakeAll() {
    for (const { wakers } of followed.values()) for (const wake of wakers) wake();
  }

  let isLooking = false;
  /** Wakes the readers of the projects that have changed since the last look. */
  async function look(): Promise<void> {
    if (followed.size === 0) return;
    // The connection does not answer.
    if (isLooking || !client) return wakeAll();
    isLooking = true;
    try {
      const { rows } = await client.query<{ id: string; sequence: string | null }>(options.changed, [
        [...followed.keys()],
        Array.from(followed.values(), ({ sequence }) => sequence),
      ]);
      for (const { id, sequence } of rows) {
        const readers = followed.get(id);
        if (readers) readers.sequence = sequence;
        wakeFollowers(id);
      }
    } catch {
      // The connection reports its failures itself.
      wakeAll();
    } finally {
      isLooking = false;
    }
  }

  async function listen(): Promise<void> {
    const next = await openClient(databaseUrl, 'events', options);
    next.on('notification', ({ processId, payload = '' }) => {
      if (processId !== ownPid) wakeFollowers(payload);
    });
    next.on('error', failed);
    try {
      const { rows } = await next.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      ownPid = rows[0]?.pid ?? 0;
      await next.query(`LISTEN ${eventChannel}`);
      closing.signal.throwIfAborted();
    } catch (error) {
      void next.end().catch(() => undefined);
      throw error;
    }
    client = next;
    outage.worked();
    // The result does not matter. Without an answer the connection ends, and is made again.
    const probe = setInterval(() => next.query('SELECT 1').catch(failed), probeMs).unref();
    // Only now: a connection that failed before this point emits `end` also, and `reconnect` already tries again.
    next.on('end', () => {
      clearInterval(probe);
      if (!closing.signal.aborted) void reconnect();
    });
    // Hints that were sent while there was no connection are lost.
    wakeAll();
  }

  async function reconnect(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await sleep(reconnectMs, undefined, { signal: closing.signal });
        await listen();
        return;
      } catch (error) {
        failed(error);
      }
    }
  }

  async function follow(projectId: string, read: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    let wake: () => void = () => undefined;
    let hinted = true;
    const onHint = () => {
      hinted = true;
      wake();
    };
    const ends = AbortSignal.any([closing.signal, signal]);
    const readers = followed.get(projectId) ?? { wakers: new Set(), sequence: unknownSequence };
    followed.set(projectId, readers);
    readers.wakers.add(onHint);
    ends.addEventListener('abort', onHint);
    try {
      while (!ends.aborted) {
        hinted = false;
        const isDone = await reads.take(projectId, read);
        if (isDone || ends.aborted) return;
        if (hinted) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      ends.removeEventListener('abort', onHint);
      readers.wakers.delete(onHint);
      if (readers.wakers.size === 0) followed.delete(projectId);
    }
  }

  await listen();
  const looking = setInterval(() => void look(), lookAgainMs).unref();

  return {
    follow,
    watch: (onHint) => void watchers.push(onHint),
    announce(projectId) {
      wakeFollowers(projectId);
      if (!closing.signal.aborted) sendHints(projectId);
    },
    async close() {
      closing.abort();
      clearInterval(looking);
      await client?.end().catch(() => undefined);
    },
  };
}
