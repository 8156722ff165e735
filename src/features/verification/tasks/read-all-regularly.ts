import { setTimeout as sleep } from 'node:timers/promises';
import { StorageUnavailable } from '../../../errors.ts';
import type { TaskContext } from '../../../platform/context.ts';
import { openClient } from '../../../platform/db/connections/open.ts';
import { locks } from '../../../platform/db/locks.ts';
import { defineTask } from '../../../platform/jobs/define-task.ts';
import { takeStep } from '../take-step.ts';
import type { Verified } from '../verify-and-anchor.ts';

/** A start has other things to do first. */
const afterStartMs = 60_000;
/** Between two looks at whether a pass is due, or whether the process that is at it has ended. */
const lookEveryMs = 30_000;
/** After a step it rests for so many times as long as the step took: it uses the disk and the database for a tenth of the time. */
const restFactor = 9;
const shortestRestMs = 100;

type Tools = Pick<TaskContext, 'log' | 'config' | 'storage'> & { readonly verified: Verified };

/**
 * Reads all entries of the audit log and all pictures again and again, in small steps with long rests, each from where the
 * last one, of whichever process, has ended.
 */
export const readAllRegularly = defineTask({
  name: 'read-all',
  each: 'installation',
  lock: 'its own',
  firstAfterMs: ({ config }: Tools) => Math.min(config.AUDIT_ANCHOR_EVERY_MS, afterStartMs),
  everyMs: ({ config }: Tools) => Math.min(config.AUDIT_ANCHOR_EVERY_MS, lookEveryMs),
  words: {
    failed: 'older entries and pictures cannot be verified',
    over: 'older entries and pictures are verified again',
  },
  run: (ctx: Tools) => (signal) => readAll(ctx, signal),
});

/** Takes steps until nothing is due, on one session, whose lock keeps other processes away. */
async function readAll({ log, config, storage, verified }: Tools, signal: AbortSignal): Promise<void> {
  const { databaseUrl, stored } = verified;
  const client = await openClient(databaseUrl, 'verify', { timeoutMs: config.DATABASE_TIMEOUT_MS });
  try {
    const { rows } = await client.query<{ isMine: boolean }>('SELECT pg_try_advisory_lock($1) AS "isMine"', [
      locks.passes,
    ]);
    const reading = { client, stored, storage, log, signal };
    for (let hasMore = rows[0]?.isMine ?? false; hasMore && !signal.aborted; ) {
      const began = performance.now();
      const hasEntries = await takeStep(reading, 'ENTRIES');
      const hasPictures = await takeStep(reading, 'PICTURES').catch((error: unknown) => {
        // Its own line in the log says that the storage does not work. The pass waits where it is.
        if (error instanceof StorageUnavailable) return false;
        throw error;
      });
      hasMore = hasEntries || hasPictures;
      const restMs = Math.max(shortestRestMs, (performance.now() - began) * restFactor);
      if (hasMore) await sleep(restMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await client.end();
  }
}
