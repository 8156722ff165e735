import type pg from 'pg';
import type { Logger } from '../../logger.ts';
import type { Storage } from '../../platform/storage/storage.ts';
import type { StoredBytes } from '../../platform/storage/stored-bytes.ts';
import type { Report } from './finding.ts';

/** What a step works with. */
export interface Reading {
  readonly client: pg.ClientBase;
  readonly stored: StoredBytes;
  readonly storage: Storage;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Reads a little, from a place on that it wrote itself; what it cannot understand, and null, is the beginning. Answers the
 * next place, null at the end, and how much it read.
 */
export type Step = (
  reading: Reading,
  after: unknown,
  report: Report,
) => Promise<{ readonly next: unknown; readonly read: number }>;
