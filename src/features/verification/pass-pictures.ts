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
/** A step reads no further picture after this time. */
const longestStepMs = 500;
/** The largest output is read in this time by any disk that works. */
const patienceMs = 120_000;

/**
 * Reads the next pictures and kept outputs, and compares them with what their rows say. Throws StorageUnavailable while
 * nothing can be said about them: the step is taken again when the storage works.
 */
export const readPicturesOn: Step = async (reading, after, report) => {
  const { client, storage, signal } = reading;
  await refuseIll(storage);
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

/** What does not fit, and still does not when the storage is known to work and the row to be there. */
async function lookTwice({ client, stored, storage }: Reading, expected: Expected): Promise<Finding | null> {
  const patient = inTime(stored);
  if ((await examine(patient, expected)) === null) return null;
  await refuseIll(storage);
  const finding = await examine(patient, expected);
  if (finding?.kind === 'PICTURE_UNREADABLE' && (await storage.health.prove(0)) !== null)
    throw new StorageUnavailable();
  return finding !== null && (await isExpected(client, expected)) ? finding : null;
}

/** A folder that is not mounted, or is another one, says nothing about the pictures. */
async function refuseIll(storage: Storage): Promise<void> {
  if (!(await storage.isWhole())) throw new StorageUnavailable();
}

/** A disk that never answers counts as one that cannot be read. */
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
