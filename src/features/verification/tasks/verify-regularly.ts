import { toError } from '../../../errors.ts';
import type { TaskContext } from '../../../platform/context.ts';
import { defineTask } from '../../../platform/jobs/define-task.ts';
import { type Verified, verifyAndAnchor } from '../verify-and-anchor.ts';

/** A start has other things to do first. */
const afterStartMs = 60_000;
/** A stop waits no longer for its anchor: what it does not reach, the next one does. */
const atStopMs = 2_000;

/** The pictures are read by another task. */
type Anchored = Pick<Verified, 'databaseUrl' | 'folder'>;
type Tools = Pick<TaskContext, 'log' | 'config'>;

/** Every AUDIT_ANCHOR_EVERY_MS. */
export const verifyRegularly = defineTask({
  name: 'verify',
  each: 'installation',
  lock: 'its own',
  firstAfterMs: ({ config }: Tools) => Math.min(config.AUDIT_ANCHOR_EVERY_MS, afterStartMs),
  everyMs: ({ config }: Tools) => config.AUDIT_ANCHOR_EVERY_MS,
  words: {
    failed: 'the books cannot be verified, and the audit log is not anchored',
    over: 'the books are verified again',
  },
  run: (ctx: Tools & { readonly verified: Anchored }) => (signal) => {
    // Less than the interval, since the clocks of others are not ours: each of their rounds must not cost us one.
    const unlessWithinMs = ctx.config.AUDIT_ANCHOR_EVERY_MS * 0.9;
    return verifyAndAnchor(ctx, ctx.verified, { isWhole: true, unlessWithinMs, signal });
  },
});

/** Anchors what was added to the audit log since the last round, as far as the time of a stop reaches. */
export async function anchorAtStop(ctx: Tools, verified: Anchored): Promise<void> {
  const signal = AbortSignal.timeout(atStopMs);
  const late = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  const anchored = verifyAndAnchor(ctx, verified, { isWhole: false, unlessWithinMs: 0, signal });
  await Promise.race([anchored, late]).catch((error: unknown) => {
    ctx.log.warn({ err: toError(error) }, 'the audit log could not be anchored at the stop');
  });
  anchored.catch(() => undefined);
}
