import { boot } from './boot.ts';
import { ConfigProblem, readConfig } from './config.ts';
import { toError } from './errors.ts';
import { createLogger } from './logger.ts';

/** A last resort: whatever hangs, the process is gone this long after the grace is over. */
const exitMarginMs = 5_000;

try {
  const config = readConfig(process.env);
  const log = createLogger(config.LOG_LEVEL);
  const running = await boot(config, log);
  if (running.greeting) process.stdout.write(running.greeting);

  let isStopping = false;
  const stop = (signal: NodeJS.Signals) => {
    // A terminal and npm both pass Ctrl-C on: the second one is not a new wish.
    if (isStopping) return;
    isStopping = true;
    log.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), config.SHUTDOWN_GRACE_MS + exitMarginMs).unref();
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: toError(error) }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
} catch (error) {
  const { message, stack } = toError(error);
  process.stderr.write(`${error instanceof ConfigProblem ? message : `Dramatis cannot start: ${message}`}\n`);
  if (process.env.LOG_LEVEL === 'debug') process.stderr.write(`${stack}\n`);
  process.exit(1);
}
