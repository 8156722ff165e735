import type pg from 'pg';
import { errorCode, isExhausted } from '../../errors.ts';
import { readSetting } from '../../platform/db/settings.ts';
import { blobKey, unsortedKey } from '../../platform/storage/blob-key.ts';
import { storageIdentityName } from '../../platform/storage/claim-storage.ts';
import type { StoredBytes } from '../../platform/storage/stored-bytes.ts';
import {
  beforePictures,
  type Expected,
  type ExpectedPage,
  isExpected,
  listExpected,
  type PicturePlace,
} from './expected-pictures.ts';
import type { Finding, Report } from './finding.ts';

const batchSize = 500;

/** The number of pictures and outputs that were read, and the number of their bytes. */
export interface VerifiedPictures {
  readonly count: number;
  readonly bytes: number;
}

/**
 * Reads the bytes of every picture and of every output that was kept unchanged, and compares their hash and size with
 * the row. When the folder does not belong to the database, that is the only finding, and no file counts as missing.
 */
export async function verifyPictures(
  client: pg.ClientBase,
  stored: StoredBytes,
  report: Report,
): Promise<VerifiedPictures> {
  let count = 0;
  let bytes = 0;
  const known = await readSetting(client, storageIdentityName);
  for (let after: PicturePlace | null = beforePictures; after !== null; ) {
    const page: ExpectedPage = await listExpected(client, after, batchSize);
    for (const expected of page.rows) {
      // A database without pictures has no folder yet.
      if (count === 0 && (await reportPlace(stored, known, report))) return { count, bytes };
      count += 1;
      const finding = await examine(stored, expected);
      // The folder is checked again after each missing file, because the volume may be unmounted meanwhile.
      if (finding?.kind === 'PICTURE_MISSING' && (await reportPlace(stored, known, report)))
        return { count, bytes };
      if (finding && !(await isExpected(client, expected))) continue;
      if (finding) report(finding);
      bytes += expected.sizeBytes ?? 0;
    }
    after = page.next;
  }
  return { count, bytes };
}

/** Reports when the folder is missing or does not belong to the database. Resolves to whether that is so. */
async function reportPlace(stored: StoredBytes, known: string | null, report: Report): Promise<boolean> {
  const identity = await stored.identity();
  if (identity !== null && identity === known) return false;
  const missing = {
    kind: 'STORAGE_MISSING',
    message: 'the pictures are not in DATA_DIR/storage: a volume may not be mounted. No picture was read',
  } as const;
  const foreign = {
    kind: 'STORAGE_FOREIGN',
    message: 'DATA_DIR/storage belongs to another installation. No picture was read',
  } as const;
  report({ ...(identity === null ? missing : foreign), project: null, subject: known ?? 'none' });
  return true;
}

/**
 * Reads bytes and compares them with their row. Resolves to the finding, or null when they fit. Throws when the machine
 * has no files or memory left, which proves nothing about the bytes.
 */
export async function examine(stored: StoredBytes, expected: Expected): Promise<Finding | null> {
  const { project, subject, sha256, sizeBytes } = expected;
  const finding = (kind: Finding['kind'], message: string) => ({ kind, project, subject, message });
  try {
    const key = blobKey(project, sha256);
    // The first key is read again, because the bytes may have been sorted by project between the first two reads.
    const found =
      (await stored.measure(key)) ??
      (await stored.measure(unsortedKey(sha256))) ??
      (await stored.measure(key));
    if (!found) return finding('PICTURE_MISSING', `the bytes of ${subject} are not in storage`);
    if (found.sha256 === sha256 && (sizeBytes === null || found.sizeBytes === sizeBytes)) return null;
    const wanted = `${sizeBytes ?? 'some'} bytes with the hash ${sha256}`;
    const actual = `${found.sizeBytes} bytes with the hash ${found.sha256}`;
    return finding('PICTURE_CHANGED', `${subject} must be ${wanted}, and is ${actual}`);
  } catch (error) {
    if (isExhausted(error)) throw error;
    const reason = errorCode(error) ?? 'the disk gives no reason';
    return finding('PICTURE_UNREADABLE', `the bytes of ${subject} cannot be read: ${reason}`);
  }
}
