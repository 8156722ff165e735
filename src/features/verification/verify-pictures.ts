import type pg from 'pg';
import { errorCode } from '../../errors.ts';
import { blobKey, unsortedKey } from '../../platform/storage/blob-key.ts';
import { storageIdentityName } from '../../platform/storage/claim-storage.ts';
import type { StoredBytes } from '../../platform/storage/stored-bytes.ts';
import type { Finding, Report } from './finding.ts';

const batchSize = 500;
const first = '00000000-0000-0000-0000-000000000000';

/** Bytes that a row speaks of. */
interface Expected {
  /** The row's id, and for a kept output its number. */
  readonly subject: string;
  readonly project: string;
  readonly sha256: string;
  readonly sizeBytes: number | null;
}

/** How many were looked at, and how many bytes they have. */
export interface VerifiedPictures {
  readonly count: number;
  readonly bytes: number;
}

/**
 * Reads the bytes of every picture and of every output that was kept as it came, and compares their hash and size with the
 * row's. Where the folder is not the one that the database means, that is the one finding, and nothing counts as missing.
 */
export async function verifyPictures(
  client: pg.ClientBase,
  stored: StoredBytes,
  report: Report,
): Promise<VerifiedPictures> {
  let count = 0;
  let bytes = 0;
  const known = await readKnownIdentity(client);
  for await (const expected of listExpected(client)) {
    // Asked again after each miss: the volume may be taken away meanwhile.
    if (count === 0 && (await reportPlace(stored, known, report))) return { count, bytes };
    count += 1;
    const finding = await examine(stored, expected);
    if (finding?.kind === 'PICTURE_MISSING') {
      if (await reportPlace(stored, known, report)) return { count, bytes };
      // Its project may have been removed since its row was read.
      if (!(await isExpected(client, expected))) continue;
    }
    if (finding) report(finding);
    bytes += expected.sizeBytes ?? 0;
  }
  return { count, bytes };
}

/** Resolves to whether the folder is not the right one; then that is reported. */
async function reportPlace(stored: StoredBytes, known: string | null, report: Report): Promise<boolean> {
  const identity = await stored.identity();
  if (identity !== null && identity === known) return false;
  const missing = {
    kind: 'STORAGE_MISSING',
    message:
      'the pictures are not in DATA_DIR/storage: a volume may not be mounted. No picture was looked at',
  } as const;
  const foreign = {
    kind: 'STORAGE_FOREIGN',
    message: 'DATA_DIR/storage is that of another installation. No picture was looked at',
  } as const;
  report({ ...(identity === null ? missing : foreign), project: null, subject: known ?? 'none' });
  return true;
}

async function examine(stored: StoredBytes, expected: Expected): Promise<Finding | null> {
  const { project, subject, sha256, sizeBytes } = expected;
  const finding = (kind: Finding['kind'], message: string) => ({ kind, project, subject, message });
  try {
    const found =
      (await stored.measure(blobKey(project, sha256))) ?? (await stored.measure(unsortedKey(sha256)));
    if (!found) return finding('PICTURE_MISSING', `the bytes of ${subject} are not in storage`);
    if (found.sha256 === sha256 && (sizeBytes === null || found.sizeBytes === sizeBytes)) return null;
    const told = `${sizeBytes ?? 'some'} bytes with the hash ${sha256}`;
    const there = `${found.sizeBytes} bytes with the hash ${found.sha256}`;
    return finding('PICTURE_CHANGED', `${subject} must be ${told}, and ${there} are there`);
  } catch (error) {
    const reason = errorCode(error) ?? 'the disk does not say why';
    return finding('PICTURE_UNREADABLE', `the bytes of ${subject} cannot be read: ${reason}`);
  }
}

async function readKnownIdentity(client: pg.ClientBase): Promise<string | null> {
  const { rows } = await client.query<{ value: string }>('SELECT value FROM settings WHERE name = $1', [
    storageIdentityName,
  ]);
  return rows[0]?.value ?? null;
}

async function* listExpected(client: pg.ClientBase): AsyncGenerator<Expected> {
  yield* listBy<Expected>(
    client,
    `SELECT id::text AS last, 'image ' || id AS subject, project_id::text AS project, sha256, size_bytes AS "sizeBytes"
     FROM images WHERE id > $1 ORDER BY id LIMIT ${batchSize}`,
  );
  // A run whose problems have no bytes keeps its place in the list.
  for await (const { sha256, ...kept } of listBy<Omit<Expected, 'sha256'> & { sha256: string | null }>(
    client,
    `SELECT g.id::text AS last, 'output ' || (p.problem->>'index') || ' of generation ' || g.id AS subject,
       g.project_id::text AS project, p.problem->>'sha256' AS sha256, (p.problem->>'sizeBytes')::float8 AS "sizeBytes"
     FROM (SELECT id, project_id, output_problems FROM generations
       WHERE id > $1 AND output_problems <> '[]' ORDER BY id LIMIT ${batchSize}) g,
       LATERAL jsonb_array_elements(g.output_problems) AS p (problem) ORDER BY g.id`,
  ))
    if (sha256 !== null) yield { ...kept, sha256 };
}

async function* listBy<Row extends object>(
  client: pg.ClientBase,
  text: string,
): AsyncGenerator<Row & { last: string }> {
  for (let after = first; ; ) {
    const { rows } = await client.query<Row & { last: string }>(text, [after]);
    for (const row of rows) yield row;
    const last = rows.at(-1);
    if (!last) return;
    after = last.last;
  }
}

async function isExpected(client: pg.ClientBase, { project, sha256 }: Expected): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM projects p WHERE p.id = $1 AND p.deleting_at IS NULL AND (
       EXISTS (SELECT FROM images i WHERE i.project_id = p.id AND i.sha256 = $2)
       OR EXISTS (SELECT FROM generations g WHERE g.project_id = p.id
         AND g.output_problems @> jsonb_build_array(jsonb_build_object('sha256', $2::text))))`,
    [project, sha256],
  );
  return rowCount === 1;
}
