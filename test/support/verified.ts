import { join } from 'node:path';
import pg from 'pg';
import type { Finding } from '../../src/features/verification/finding.ts';
import { openClient } from '../../src/platform/db/connections/open.ts';
import { locks } from '../../src/platform/db/locks.ts';
import { openStoredBytes } from '../../src/platform/storage/stored-bytes.ts';
import { createPaper } from '../../src/verify/paper.ts';
import { verifyAll } from '../../src/verify/verify-all.ts';

/** All that `npm run verify` tells of an installation: its lines, and its findings. */
export interface Told {
  readonly lines: readonly string[];
  readonly findings: readonly Finding[];
  readonly exitCode: number;
}

/** Verifies what lies in a database and in DATA_DIR, as the program does. */
export async function verify(client: pg.ClientBase, dataDirectory: string): Promise<Told> {
  const lines: string[] = [];
  const findings: Finding[] = [];
  const paper = createPaper({ isJson: false, write: (line) => void lines.push(line) });
  const report = (finding: Finding) => {
    findings.push(finding);
    paper.report(finding);
  };
  await verifyAll(
    client,
    { ...paper, report },
    {
      anchors: join(dataDirectory, 'audit-anchors'),
      stored: openStoredBytes(join(dataDirectory, 'storage')),
    },
  );
  return { lines, findings, exitCode: paper.end() };
}

/** The same after changes that only a superuser can make; they are undone. */
export async function verifyChanged(
  databaseUrl: string,
  dataDirectory: string,
  ...changes: readonly string[]
): Promise<Told> {
  const client = await openClient(databaseUrl, 'verify');
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL session_replication_role = replica');
    // Between two regular rounds: one that is half through would see one change and not the other.
    await client.query('SELECT pg_advisory_lock($1)', [locks.verification]);
    for (const change of changes) await client.query(change);
    await client.query('SET LOCAL session_replication_role = origin');
    return await verify(client, dataDirectory);
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    await client.end();
  }
}

/** Makes changes that only a superuser can make, and keeps them. */
export async function tamper(databaseUrl: string, ...changes: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('SET session_replication_role = replica');
  // Between two regular rounds: one that is half through would see one change and not the other.
  await client.query('SELECT pg_advisory_lock($1)', [locks.verification]);
  for (const change of changes) await client.query(change);
  await client.end();
}
