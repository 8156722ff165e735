import type pg from 'pg';
import { readSetting } from '../../platform/db/settings.ts';
import { databaseName } from '../database-review/prove-database.ts';
import { type Anchor, anchorPath, listAnchorsAside, readAnchor } from './anchor-file.ts';
import { type Place, type VerifiedChains, verifyChains } from './audit-chain.ts';
import type { Finding, Report } from './finding.ts';

/** What was found out of the audit log. */
export interface AuditVerdict extends VerifiedChains {
  /** The database's name; null before a server has used it. */
  readonly database: string | null;
  /** What it was compared with; null where there is none. */
  readonly anchor: Anchor | null;
  /** The database does not know the anchor: it is an older state. */
  readonly wentBack: boolean;
}

/**
 * Verifies the audit log by itself and against the anchor in a folder outside of the database. An anchor that the database
 * does not know was written after the state that it is in: then what is missing is lost with that state, and is reported
 * as that.
 */
export async function verifyAuditLog(
  client: pg.ClientBase,
  folder: string,
  options: { readonly isFull: boolean; readonly report: Report; readonly signal?: AbortSignal | undefined },
): Promise<AuditVerdict> {
  const database = await readSetting(client, databaseName);
  // Before the log: what was anchored by now is there when it is read.
  const anchor = database === null ? null : await readAnchor(anchorPath(folder, database));
  const wentBack = anchor !== null && !(await knows(client, anchor));
  for (const path of database === null ? [] : await listAnchorsAside(folder, database)) {
    const aside = await readAnchor(path);
    if (aside) options.report(await describeLoss(client, aside, `When that is looked into, remove ${path}`));
  }
  if (wentBack) options.report(await describeLoss(client, anchor, 'Its backups or its failover tell why'));
  const anchors: ReadonlyMap<string, Place> = wentBack || !anchor ? new Map() : anchor.heads;
  return { database, anchor, wentBack, ...(await verifyChains(client, { ...options, anchors })) };
}

/** Its mark was committed after everything that it anchors, and a database loses the end of its history, never the middle. */
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
    message: `the database is older than the anchor of ${at.toISOString()}: a backup was restored, or a replica took over that lagged. ${lost}. ${advice}`,
  };
}
