import { aborted } from 'node:util';
import { toError } from './errors.ts';

/** A last resort: whatever hangs, the process is gone this long after the grace is over. */
const exitMarginMs = 5_000;

// Before anything else is loaded, so that a signal while the parts start stops those that have started. A terminal and
// npm both pass Ctrl-C on: the second one is not a new wish.
const stopping = new AbortController();
const stop = (signal: NodeJS.Signals) => stopping.abort(signal);
process.on('SIGINT', stop).on('SIGTERM', stop);

const [{ boot }, { ConfigProblem, readConfig }, { createLogger }] = await Promise.all([
  import('./boot.ts'),
  import('./config.ts'),
  import('./logger.ts'),
]);
try {
  const config = readConfig(process.env);
  const log = createLogger(config.LOG_LEVEL);
  const stopAsked = aborted(stopping.signal, stopping).then(() => {
    log.info({ signal: stopping.signal.reason }, 'stopping');
    setTimeout(() => process.exit(1), config.SHUTDOWN_GRACE_MS + exitMarginMs).unref();
  });
  const running = await boot(config, log, stopping.signal);
  if (running.greeting) process.stdout.write(running.greeting);
  await stopAsked;
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
  if (process.env.LOG_LEVEL === 'debug') process.stderr.write(`${stack}\n`);
  process.exit(1);
}
