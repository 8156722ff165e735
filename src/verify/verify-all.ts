import type pg from 'pg';
import { verifyAuditLog } from '../features/verification/verify-audit.ts';
import { verifyBooks } from '../features/verification/verify-books.ts';
import { verifyPictures } from '../features/verification/verify-pictures.ts';
import type { StoredBytes } from '../platform/storage/stored-bytes.ts';
import type { Paper } from './paper.ts';

/**
 * Verifies the audit log from its first entry, the books and the pictures. Throws an Error of one line for a database
 * of another version.
 */
export async function verifyAll(
  client: pg.ClientBase,
  { report, checked }: Paper,
  { anchors, stored }: { readonly anchors: string; readonly stored: StoredBytes },
): Promise<void> {
  await refuseOtherVersion(client);
  const audit = await verifyAuditLog(client, anchors, { isFull: true, report });
  const anchoredAt = audit.anchor?.at.toISOString() ?? null;
  const against = anchoredAt
    ? `compared with the anchor of ${anchoredAt}`
    : `without an anchor in ${anchors}: missing newest entries cannot be detected`;
  checked(
    'audit log',
    { entries: Number(audit.read), projects: audit.projects, anchoredAt },
    `${audit.read} entries of ${audit.projects} project(s), each hash computed again, ${against}.`,
  );
  const projects = await verifyBooks(client, report);
  checked(
    'books',
    { projects },
    `runs, ledger, budgets, totals and analytics of ${projects} project(s), computed again from single runs and entries.`,
  );
  const { count, bytes } = await verifyPictures(client, stored, report);
  checked(
    'pictures',
    { count, bytes },
    `${count} picture(s) and kept output(s), ${bytes} bytes, read and hashed.`,
  );
}

async function refuseOtherVersion(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ isThere: boolean }>(
    `SELECT to_regclass('verifications') IS NOT NULL AS "isThere"`,
  );
  if (!rows[0]?.isThere)
    throw new Error(
      'the database is of an older version, or has never been used; start this version on it first.',
    );
}
