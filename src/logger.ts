import { LRUCache } from 'lru-cache';
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import { toError } from './errors.ts';
import { openLogOutput } from './log-output.ts';

/** Structured JSON lines; bind `generationId` with `child` so that a run can be followed. */
export type Logger = PinoLogger;

/** Levels from loudest to most silent. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/**
 * Characters that JSON does not escape and that a terminal or a line reader acts on: DEL, the C1 controls, the line and
 * paragraph separators, and the bidirectional overrides and isolates.
 */
const unescaped = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Its descriptor. */
const stdout = 1;

/** Makes the process's logger. Secrets are redacted by name, whatever object they arrive in. Writes to stdout by default. */
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

/** Something that fails again and again while a part is away. */
export interface Outage {
  failed(error: unknown): void;
  worked(): void;
}

/** Tells a fault when it begins, and once more when it is over; not each try in between. */
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

/** What was told last of each of many things, so that the same is not told loudly again and again. */
export interface Repeats {
  /** The level for a message about a thing: `warn`, or `debug` when the same was told of it last. */
  levelOf(thing: string, message: string): 'warn' | 'debug';
  /** The next message about the thing is a new one. */
  forget(thing: string): void;
}

/** So many things are remembered. */
const mostThings = 10_000;

export function createRepeats(): Repeats {
  const told = new LRUCache<string, string>({ max: mostThings });
  return {
    levelOf(thing, message) {
      if (told.get(thing) === message) return 'debug';
      told.set(thing, message);
      return 'warn';
    },
    forget: (thing) => void told.delete(thing),
  };
}
