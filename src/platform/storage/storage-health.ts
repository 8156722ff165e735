import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, toError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';

/*
 * A failed write says little, because one folder can be broken. So after a failure as many bytes are written
 * elsewhere as a trial, and the storage is ill only when that fails too. While it is ill a trial is made each
 * second; while it is well one is made right before a submit, unless there was one within a tenth of a second. A
 * trial takes what a new picture takes: folders, a file, its bytes, a sync, and reading it again.
 *
 * Queued runs then wait with a reason. Runs that are paid keep trying: outputs with an address until the provider's
 * retention ends, bytes of a synchronous answer as long as the process lives. Such bytes are in memory, but there
 * are no more of them than runs that are begun at a time.
 */

/** Whether pictures can be stored, as this process knows it. */
export interface StorageHealth {
  /** Why they cannot, in a few words that tell no path; null while they can. */
  readonly problem: string | null;
  /** For how long they could not; 0 while they can. */
  illForMs(): number;
  /** Tries it, unless that was done within the last `withinMs`. Resolves to the problem, or null. */
  prove(withinMs?: number): Promise<string | null>;
}

/** What the storage itself tells its health. */
export interface StorageMonitor extends StorageHealth {
  /** Something failed while so many bytes were to be written. Resolves when it is known whether storing fails elsewhere. */
  noteFailure(sizeBytes: number): Promise<void>;
  close(): void;
}

/** An attempt to store that many bytes. Throws when it does not work. */
export type Attempt = (sizeBytes: number) => Promise<void>;

/** How often storing is tried while it does not work, and when a disk counts as one that does not answer. */
const usualTiming = { everyMs: 1_000, timeoutMs: 5_000 };
/** A proof that is no older than this counts for a submit. */
const provedForMs = 100;
const smallestAttemptBytes = 4_096;

/**
 * Finds out by trying whether pictures can be stored. A single failure means little, since one folder can be broken. After
 * it, as many bytes as failed are written elsewhere; only when that fails too the storage is ill, and it is well again as
 * soon as such an attempt succeeds. Each change of state is one line in the log.
 */
export function monitorStorage(
  attempt: Attempt,
  log: Pick<Logger, 'warn' | 'info'>,
  { everyMs, timeoutMs } = usualTiming,
): StorageMonitor {
  const closing = new AbortController();
  let problem: string | null = null;
  let illSince = 0;
  let provedAt = Number.NEGATIVE_INFINITY;
  let sizeBytes = smallestAttemptBytes;
  let attempting: { readonly startedAt: number; readonly ends: Promise<void> } | null = null;
  let looking: Promise<void> | null = null;

  async function look(): Promise<void> {
    // A second one beside one that hangs would take another of the few threads that work on files.
    attempting ??= {
      startedAt: performance.now(),
      ends: attempt(sizeBytes).finally(() => {
        attempting = null;
      }),
    };
    const { startedAt, ends } = attempting;
    try {
      await inTime(ends, timeoutMs);
      provedAt = startedAt;
      heal();
    } catch (error) {
      fall(error);
    }
  }

  function lookOnce(): Promise<void> {
    looking ??= look().finally(() => {
      looking = null;
    });
    return looking;
  }

  function fall(error: unknown): void {
    if (problem !== null || closing.signal.aborted) return;
    problem = `cannot be written: ${errorCode(error) ?? 'it does not answer'}`;
    illSince = performance.now();
    log.warn({ err: toError(error) }, 'pictures cannot be stored: nothing is submitted until they can');
    void lookRegularly();
  }

  function heal(): void {
    sizeBytes = smallestAttemptBytes;
    if (problem === null) return;
    const seconds = Math.round(illForMs() / 100) / 10;
    problem = null;
    log.info({ seconds }, 'pictures can be stored again');
  }

  async function lookRegularly(): Promise<void> {
    const { signal } = closing;
    while (problem !== null && !signal.aborted) {
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await lookOnce();
    }
  }

  function illForMs(): number {
    return problem === null ? 0 : performance.now() - illSince;
  }

  return {
    get problem() {
      return problem;
    },
    illForMs,
    async prove(withinMs = provedForMs) {
      if (problem === null && performance.now() - provedAt > withinMs) await lookOnce();
      return problem;
    },
    async noteFailure(failedBytes) {
      // One that is under way may be too small, or older than the failure.
      await looking;
      sizeBytes = Math.max(sizeBytes, failedBytes);
      if (problem === null) await lookOnce();
    },
    close: () => closing.abort(),
  };
}

async function inTime(attempt: Promise<void>, timeoutMs: number): Promise<void> {
  const patience = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: patience.signal, ref: false }).then(() => {
    throw new Error('The disk does not answer.');
  });
  try {
    await Promise.race([attempt, late]);
  } finally {
    patience.abort();
    late.catch(() => undefined);
  }
}
