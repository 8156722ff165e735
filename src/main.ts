import './settings/node-version.ts';
import { toError } from './errors.ts';

/** A last resort: the process ends this long after everything that a stop may wait for, also when something hangs. */
const exitMarginMs = 10_000;
/** A terminal and npm both pass Ctrl-C on: a second signal within this time is not a new wish. */
const sameWishMs = 1_000;

// Everything else is loaded after this: a signal while the parts start stops those that have started, and a Node that is too
// old for them gets to the check of its version.
const stopping = new AbortController();
let stoppedAt = Number.POSITIVE_INFINITY;
/** What a second signal does: nothing paid is begun before the start is over. */
let hurry: () => void = () => process.exit(1);
const stop = (signal: NodeJS.Signals) => {
  if (stopping.signal.aborted && performance.now() - stoppedAt >= sameWishMs) hurry();
  if (stopping.signal.aborted) return;
  stoppedAt = performance.now();
  stopping.abort(signal);
};
process.on('SIGINT', stop).on('SIGTERM', stop);
// A greeting that a full disk does not take must not end the process.
process.stdout.on('error', () => undefined);

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
  // What had been started by then is stopped.
  if (stopping.signal.aborted) process.exit(0);
  const { message, stack } = toError(error);
  process.stderr.write(`${error instanceof ConfigProblem ? message : `Dramatis cannot start: ${message}`}\n`);
  // A setting that is missing may be there under another name.
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
