import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { TaskContext } from '../../platform/context.ts';
import { openClient } from '../../platform/db/connections/open.ts';
import { locks } from '../../platform/db/locks.ts';
import type { StoredBytes } from '../../platform/storage/stored-bytes.ts';
import { anchorPath, setAnchorAside, writeAnchor } from './anchor-file.ts';
import type { Place } from './audit-chain.ts';
import type { Finding } from './finding.ts';
import { type AuditVerdict, verifyAuditLog } from './verify-audit.ts';
import { verifyBooks } from './verify-books.ts';

/*
 * The reader computes each hash in the process from the text of the columns, because a person who can change entries
 * can also replace the function that hashes. The chain shows changes before an entry. It does not show that
 * the newest entry is gone, or that the whole chain was computed again. So the newest entry of each chain is kept in
 * DATA_DIR, with a digest in the log.
 *
 * - Only verified entries are anchored. Each round reads from the anchored entry on, so an anchor is never replaced by
 *   an anchor that does not follow from it.
 * - The mark. After reading, the round commits a row of `verifications`, on the same session, and only then writes
 *   the file with that row's id. A restored database lacks the end of its history. So a database that has the mark had
 *   all anchored entries, and missing entries were removed. A database without the mark was restored to an older state.
 * - Passes read everything. Changes before the anchor, and changed pictures, are found by reading all data again, in
 *   small steps with long rests, once a day. The place is kept in `settings`. Bytes that do not fit are read a second
 *   time, after the storage has proved that it works. So neither a volume that is not mounted nor a removal at the same
 *   time is a finding.
 * - The books are compared project by project. Each project's books are written in the same transactions, so one
 *   statement for each sees one moment, and no snapshot is held for long.
 */

/** The most findings that are kept, and the most that are logged. */
const most = { kept: 20, logged: 5 };

/** The data that is verified: the database, the anchor and the pictures. */
export interface Verified {
  readonly databaseUrl: string;
  /** The folder of the anchors. */
  readonly folder: string;
  readonly stored: StoredBytes;
}

/** The options of a round. */
export interface Round {
  /** Whether the books are compared too, which reads all of the ledger. */
  readonly isWhole: boolean;
  /** The round is left out when any process made a whole round within this time. With 0 it is never left out. */
  readonly unlessWithinMs: number;
  readonly signal: AbortSignal;
}

/**
 * Verifies the entries that were added to the audit log since the last anchor, and anchors the verified entries: in the
 * folder, and with one line in the log. Only one process on a database does this at a time. A chain with a finding is
 * not anchored again, so the finding is repeated.
 */
export async function verifyAndAnchor(
  { log, config }: Pick<TaskContext, 'log' | 'config'>,
  { databaseUrl, folder }: Pick<Verified, 'databaseUrl' | 'folder'>,
  { isWhole, unlessWithinMs, signal }: Round,
): Promise<void> {
  // One session for everything, so that the mark is committed on the same Postgres from which the entries were read.
  const client = await openClient(databaseUrl, 'verify', { timeoutMs: config.DATABASE_TIMEOUT_MS });
  try {
    if (!(await isOurTurn(client, unlessWithinMs))) return;
    const findings: Finding[] = [];
    let findingCount = 0;
    const report = (finding: Finding) => {
      findingCount += 1;
      if (findings.length < most.kept) findings.push(finding);
    };
    const verdict = await verifyAuditLog(client, folder, { isFull: false, report, signal });
    if (verdict.database === null) return;
    // What was verified is anchored also after an early stop, and also when the books cannot be read.
    const failures: unknown[] = [];
    const readBooks = () =>
      verifyBooks(client, report, signal).catch((error: unknown) => {
        failures.push(error);
        return null;
      });
    const isDone = isWhole && (await readBooks()) !== null;
    const heads = mergeHeads(verdict);
    const entries = [...heads.values()].reduce((sum, { sequence }) => sum + sequence, 0n);
    const { mark, at } = await note(client, {
      isWhole: isDone,
      entries,
      projects: heads.size,
      findingCount,
      findings,
    });
    // The mark is committed by now. A process that dies here leaves the older anchor, which is still valid.
    const path = anchorPath(folder, verdict.database);
    if (verdict.wentBack && verdict.anchor) await setAnchorAside(path, verdict.anchor);
    const digest = await writeAnchor(path, { mark, at, heads });
    log.info({ digest, at, projects: heads.size, entries: Number(entries) }, 'the audit log is anchored');
    if (findingCount > 0)
      log.error({ findingCount, findings: findings.slice(0, most.logged) }, 'the books do not add up');
    if (failures.length > 0) throw failures[0];
  } finally {
    await client.end();
  }
}

/** The verified heads. For a chain with a finding, or one that was not reached, the head that was anchored before. */
function mergeHeads({ heads, anchor, wentBack }: AuditVerdict): Map<string, Place> {
  const merged = new Map([...(wentBack || !anchor ? [] : anchor.heads), ...heads]);
  return new Map([...merged].sort(([one], [other]) => (one < other ? -1 : 1)));
}

async function isOurTurn(client: pg.ClientBase, unlessWithinMs: number): Promise<boolean> {
  const { rows } = await client.query<{ isOurs: boolean }>(
    `SELECT pg_try_advisory_lock($1) AND NOT EXISTS (SELECT FROM verifications
       WHERE is_whole AND at > now() - $2 * interval '1 millisecond') AS "isOurs"`,
    [locks.verification, unlessWithinMs],
  );
  return rows[0]?.isOurs ?? false;
}

async function note(
  client: pg.ClientBase,
  facts: {
    readonly isWhole: boolean;
    readonly entries: bigint;
    readonly projects: number;
    readonly findingCount: number;
    readonly findings: readonly Finding[];
  },
): Promise<{ mark: string; at: Date }> {
  const mark = randomUUID();
  const { rows } = await client.query<{ at: Date }>(
    `INSERT INTO verifications (mark, is_whole, projects, entries, finding_count, findings)
     VALUES ($1, $2, $3, $4, $5, $6) RETURNING at`,
    [mark, facts.isWhole, facts.projects, facts.entries, facts.findingCount, JSON.stringify(facts.findings)],
  );
  const [row] = rows;
  if (!row) throw new Error('The verification was not stored.');
  return { mark, at: row.at };
}
