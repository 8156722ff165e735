import type pg from 'pg';
import type { Logger } from '../../logger.ts';
import type { Storage } from '../../platform/storage/storage.ts';
import type { StoredBytes } from '../../platform/storage/stored-bytes.ts';
import type { Report } from './finding.ts';

/** The context of a step. */
export interface Reading {
  readonly client: pg.ClientBase;
  readonly stored: StoredBytes;
  readonly storage: Storage;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Reads a limited amount from a place on, which an earlier step has returned. Null, and a place that cannot be read,
 * are the beginning. Resolves to the next place, null at the end, and to the number of things that were read.
 */
export type Step = (
  reading: Reading,
  after: unknown,
  report: Report,
) => Promise<{ readonly next: unknown; readonly read: number }>;
