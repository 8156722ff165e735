import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

/** Structured JSON lines; bind `generationId` with `child` so that a run can be followed. */
export type Logger = PinoLogger;

/** Levels from loudest to most silent. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Makes the process's logger. Secrets are redacted by name, whatever object they arrive in. Writes to stdout by default. */
export function createLogger(level: (typeof logLevels)[number], destination?: DestinationStream): Logger {
  const options = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
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
  return destination ? pino(options, destination) : pino(options);
}
