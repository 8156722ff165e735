import './settings/node-version.ts';
import { toError } from './errors.ts';

/** A process that hangs while it stops is ended this long after the longest wait of a stop. */
const exitMarginMs = 10_000;
/** A second signal within this time counts as the first one, because the terminal and npm both send a Ctrl-C. */
const sameWishMs = 1_000;

// The other modules are loaded after this, for two reasons. A signal during the start stops the parts that have
// started. And a Node that is too old to load those modules still runs the check of its version.
const stopping = new AbortController();
let stoppedAt = Number.POSITIVE_INFINITY;
/** The effect of a second signal. During the start it exits at once, because no paid call is under way yet. */
let hurry: () => void = () => process.exit(1);
const stop = (signal: NodeJS.Signals) => {
  if (stopping.signal.aborted && performance.now() - stoppedAt >= sameWishMs) hurry();
  if (stopping.signal.aborted) return;
  stoppedAt = performance.now();
  stopping.abort(signal);
};
process.on('SIGINT', stop).on('SIGTERM', stop);
// A greeting that cannot be written, for example to a full disk, must not end the process.
process.stdout.on('error', () => undefined);

// A start takes a third less time with compiled code from the start before. Where it cannot be kept, nothing is.
const { enableCompileCache } = await import('node:module');
enableCompileCache(`${import.meta.dirname}/../node_modules/.cache/compiled`);

const [
  { boot },
  { ConfigProblem, readConfig },
  { longestAnswerMs },
  { createLogger },
  { describeNearMisses, findNearMisses },
] = await Promise.all([
  import('./boot.ts'),
  import('./settings/config.ts'),
  import('./features/generations/late-answer.ts'),
  import('./logger.ts'),
  import('./settings/near-misses.ts'),
]);
const nearMisses = describeNearMisses(findNearMisses(process.env));
try {
  const config = readConfig(process.env);
  const log = createLogger(config.LOG_LEVEL);
  if (nearMisses !== null) log.warn(nearMisses);
  const exitAfter = (waitMs: number) => setTimeout(() => process.exit(1), waitMs + exitMarginMs).unref();
  let patienceMs = config.SHUTDOWN_GRACE_MS;
  const stopAsked = untilAborted(stopping.signal).then(() => {
    log.info({ signal: stopping.signal.reason }, 'stopping');
    exitAfter(patienceMs);
  });
  const running = await boot(config, log, stopping.signal);
  // Paid calls may be under way from now on.
  patienceMs += longestAnswerMs(config);
  process.stdout.write(running.greet({ isTerminal: process.stdout.isTTY === true }));
  await stopAsked;
  hurry = () => {
    log.warn('stopping without waiting for paid calls: their runs become UNCERTAIN');
    exitAfter(config.SHUTDOWN_GRACE_MS);
    running.hurry();
  };
  await running.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      log.fatal({ err: toError(error) }, 'stopping failed');
      process.exit(1);
    },
  );
} catch (error) {
  // `boot` has stopped the parts that it had started.
  if (stopping.signal.aborted) process.exit(0);
  const { message, stack } = toError(error);
  process.stderr.write(`${error instanceof ConfigProblem ? message : `Dramatis cannot start: ${message}`}\n`);
  // A missing setting may be set under a misspelled name.
  if (error instanceof ConfigProblem && nearMisses !== null) process.stderr.write(`${nearMisses}\n`);
  if (process.env.LOG_LEVEL === 'debug') process.stderr.write(`${stack}\n`);
  process.exit(1);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
