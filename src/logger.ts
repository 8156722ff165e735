import { LRUCache } from 'lru-cache';
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import { toError } from './errors.ts';
import { openLogOutput } from './log-output.ts';

/** Writes structured JSON lines. Bind `generationId` with `child`, so that the lines of one run can be found. */
export type Logger = PinoLogger;

/** The levels, from the most lines to none. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/**
 * Characters that JSON does not escape and that a terminal or a line reader acts on: DEL, the C1 controls, the line and
 * paragraph separators, and the bidirectional overrides and isolates.
 */
const unescaped = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The file descriptor of the standard output. */
const stdout = 1;

/** Makes the process's logger. Secrets are redacted by the names of their fields. Writes to stdout by default. */
export function createLogger(
  level: (typeof logLevels)[number],
  destination: DestinationStream = openLogOutput(stdout),
): Logger {
  const options = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: { streamWrite: (line: string) => line.replace(unescaped, escapeUnit) },
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: [
        'authorization',
        'apiKey',
        'adminApiKey',
        'headers.authorization',
        'headers["x-api-key"]',
        'req.headers.authorization',
        '*.authorization',
        '*.apiKey',
        '*.secret',
        '*.token',
        '*.ciphertext',
      ],
      censor: '[redacted]',
    },
  };
  return pino(options, destination);
}

/** The log of something that fails repeatedly while a service is not available. */
export interface Outage {
  failed(error: unknown): void;
  worked(): void;
}

/** Logs a fault when it begins, and once more when it is over. The failed tries in between are not logged. */
export function createOutage(log: Logger, words: { readonly failed: string; readonly over: string }): Outage {
  let since: number | undefined;
  return {
    failed(error) {
      if (since !== undefined) return;
      since = performance.now();
      log.warn({ err: toError(error) }, words.failed);
    },
    worked() {
      if (since === undefined) return;
      log.info({ seconds: Math.round((performance.now() - since) / 1_000) }, words.over);
      since = undefined;
    },
  };
}

/** Remembers the last message about each of many things, so that a repeated message is logged at a lower level. */
export interface Repeats {
  /** The level for a message about a thing: `debug` when it equals the last one about this thing, otherwise `warn`. */
  levelOf(thing: string, message: string): 'warn' | 'debug';
  /** Forgets the last message about a thing, so that the next one is logged as `warn`. */
  forget(thing: string): void;
}

/** The most things that are remembered. */
const mostThings = 10_000;

export function createRepeats(): Repeats {
  const last = new LRUCache<string, string>({ max: mostThings });
  return {
    levelOf(thing, message) {
      if (last.get(thing) === message) return 'debug';
      last.set(thing, message);
      return 'warn';
    },
    forget: (thing) => void last.delete(thing),
  };
}
