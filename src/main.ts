import { boot } from './boot.ts';
import { ConfigProblem, readConfig } from './config.ts';
import { toError } from './errors.ts';
import { longestAnswerMs } from './features/generations/late-answer.ts';
import { createLogger } from './logger.ts';

/** A last resort: the process ends this long after everything that a stop may wait for, also when something hangs. */
const exitMarginMs = 10_000;
/** A terminal and npm both pass Ctrl-C on: a second signal within this time is not a new wish. */
const sameWishMs = 1_000;

try {
  const config = readConfig(process.env);
  const log = createLogger(config.LOG_LEVEL);
  const running = await boot(config, log);
  if (running.greeting) process.stdout.write(running.greeting);

  const exitAfter = (waitMs: number) => setTimeout(() => process.exit(1), waitMs + exitMarginMs).unref();
  let stoppedAt: number | null = null;
  const stop = (signal: NodeJS.Signals) => {
    if (stoppedAt !== null) {
      if (performance.now() - stoppedAt < sameWishMs) return;
      log.warn({ signal }, 'stopping without waiting for paid calls: their runs become UNCERTAIN');
      exitAfter(config.SHUTDOWN_GRACE_MS);
      running.hurry();
      return;
    }
    stoppedAt = performance.now();
    log.info({ signal }, 'stopping');
    exitAfter(config.SHUTDOWN_GRACE_MS + longestAnswerMs(config));
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
