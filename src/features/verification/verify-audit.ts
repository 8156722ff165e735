import type pg from 'pg';
import { readSetting } from '../../platform/db/settings.ts';
import { databaseName } from '../database-review/prove-database.ts';
import { type Anchor, anchorPath, listAnchorsAside, readAnchor } from './anchor-file.ts';
import { type Place, type VerifiedChains, verifyChains } from './audit-chain.ts';
import type { Finding, Report } from './finding.ts';

/** The result of a verification of the audit log. */
export interface AuditVerdict extends VerifiedChains {
  /** The database's id; null before a server has used it. */
  readonly database: string | null;
  /** The anchor that it was compared with; null when there is none. */
  readonly anchor: Anchor | null;
  /** Whether the database does not have the anchor's mark, so that it was restored to an older state. */
  readonly wentBack: boolean;
}

/**
 * Verifies the audit log by itself and against the anchor in a folder outside of the database. When the database does
 * not have the anchor's mark, the anchor is newer than the state of the database: then missing entries were lost when
 * the database was restored, and are reported as that.
 */
export async function verifyAuditLog(
  client: pg.ClientBase,
  folder: string,
  options: { readonly isFull: boolean; readonly report: Report; readonly signal?: AbortSignal | undefined },
): Promise<AuditVerdict> {
  const database = await readSetting(client, databaseName);
  // The anchor is read before the log, so that all anchored entries exist when the log is read.
  const anchor = database === null ? null : await readAnchor(anchorPath(folder, database));
  const wentBack = anchor !== null && !(await knows(client, anchor));
  for (const path of database === null ? [] : await listAnchorsAside(folder, database)) {
    const aside = await readAnchor(path);
    if (aside) options.report(await describeLoss(client, aside, `When the reason is found, remove ${path}`));
  }
  if (wentBack)
    options.report(await describeLoss(client, anchor, 'Look for a restored backup or a failover'));
  const anchors: ReadonlyMap<string, Place> = wentBack || !anchor ? new Map() : anchor.heads;
  return { database, anchor, wentBack, ...(await verifyChains(client, { ...options, anchors })) };
}

/**
 * Whether the database has the anchor's mark. The mark was committed after all anchored entries, and a restored
 * database lacks the end of its history, never the middle.
 */
async function knows(client: pg.ClientBase, { mark }: Anchor): Promise<boolean> {
  return (await client.query('SELECT FROM verifications WHERE mark = $1', [mark])).rowCount === 1;
}

async function describeLoss(client: pg.ClientBase, { at, heads }: Anchor, advice: string): Promise<Finding> {
  const { rows } = await client.query<{ project: string; sequence: string }>(
    `SELECT a.project::text, a.sequence::text FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS a (project, sequence, hash)
     WHERE NOT EXISTS (SELECT FROM audit_entries e
       WHERE e.project_id = a.project AND e.sequence = a.sequence AND e.hash = a.hash) ORDER BY 1`,
    [
      [...heads.keys()],
      [...heads.values()].map(({ sequence }) => sequence),
      [...heads.values()].map(({ hash }) => hash),
    ],
  );
  const named = rows.slice(0, 5).map(({ project, sequence }) => `${project} (entry ${sequence})`);
  const lost =
    rows.length === 0
      ? 'No entry of the audit log that was anchored is lost'
      : `Newest entries of ${rows.length} project(s) are lost: ${named.join(', ')}${rows.length > 5 ? ' …' : ''}`;
  return {
    kind: 'DATABASE_WENT_BACK',
    project: null,
    subject: at.toISOString(),
    message: `the database is older than the anchor of ${at.toISOString()}: a backup was restored, or a replica that lagged took over. ${lost}. ${advice}`,
  };
}
