import { setTimeout as sleep } from 'node:timers/promises';
import { StorageUnavailable } from '../../errors.ts';
import type { Storage } from '../../platform/storage/storage.ts';
import type { StoredBytes } from '../../platform/storage/stored-bytes.ts';
import {
  beforePictures,
  type Expected,
  isExpected,
  listExpected,
  picturePlace,
} from './expected-pictures.ts';
import type { Finding } from './finding.ts';
import type { Reading, Step } from './pass.ts';
import { examine } from './verify-pictures.ts';

const batchSize = 200;
/** After this time a step begins to read no other picture. */
const longestStepMs = 500;
/** Any disk that works reads the largest output within this time. */
const patienceMs = 120_000;

/**
 * Reads the next pictures and kept outputs, and compares them with their rows. Throws StorageUnavailable while the
 * storage does not work; the step is taken again when it works.
 */
export const readPicturesOn: Step = async (reading, after, report) => {
  const { client, storage, signal } = reading;
  await refuseUnhealthy(storage);
  const from = picturePlace.safeParse(after).data ?? beforePictures;
  const { rows, next } = await listExpected(client, from, batchSize);
  const began = performance.now();
  let read = 0;
  for (const expected of rows) {
    const finding = await lookTwice(reading, expected);
    if (finding) report(finding);
    read += 1;
    const isLate = performance.now() - began > longestStepMs || signal.aborted;
    if (isLate && read < rows.length) return { next: expected.place, read };
  }
  return { next, read };
};

/**
 * The finding about some bytes; null when they fit. A finding is confirmed when the storage works and the row exists.
 */
async function lookTwice({ client, stored, storage }: Reading, expected: Expected): Promise<Finding | null> {
  const patient = inTime(stored);
  if ((await examine(patient, expected)) === null) return null;
  await refuseUnhealthy(storage);
  const finding = await examine(patient, expected);
  if (finding?.kind === 'PICTURE_UNREADABLE' && (await storage.health.prove(0)) !== null)
    throw new StorageUnavailable();
  return finding !== null && (await isExpected(client, expected)) ? finding : null;
}

/**
 * Throws StorageUnavailable when the folder is not mounted, or is another one, because it proves nothing about
 * pictures.
 */
async function refuseUnhealthy(storage: Storage): Promise<void> {
  if (!(await storage.isWhole())) throw new StorageUnavailable();
}

/** The same storage with a limit of time: a disk that never answers counts as unreadable. */
function inTime(stored: StoredBytes): StoredBytes {
  return {
    ...stored,
    async measure(key) {
      const patience = new AbortController();
      const late = sleep(patienceMs, undefined, { signal: patience.signal, ref: false }).then(() => {
        throw Object.assign(new Error('The disk does not answer.'), { code: 'ETIMEDOUT' });
      });
      try {
        return await Promise.race([stored.measure(key), late]);
      } finally {
        patience.abort();
        late.catch(() => undefined);
      }
    },
  };
}
