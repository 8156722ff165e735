import { readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { blobKey } from '../../src/platform/storage/blob-key.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { mutate } from '../support/people.ts';
import { type Told, verifyChanged } from '../support/verified.ts';

const admin = { key: 'test_admin_key_0123456789' };
let dramatis: Dramatis;
let data: string;
/** Row ids: a project that is there, and one that is gone. */
let project: string;
let gone: string;
let newest: number;

beforeAll(async () => {
  dramatis = await Dramatis.start({ servers: 0 });
  data = dramatis.environment.DATA_DIR ?? '';
  const server = await dramatis.startServer();
  dramatis.url = server.url ?? '';
  const cast = await dramatis.cast();
  project = fromGlobalId('Project', cast.projectId);
  for (const period of ['DAY', 'TOTAL'])
    await mutate(
      dramatis,
      admin,
      'createBudget',
      { projectId: cast.projectId, scope: 'PROJECT', period, cap: '10' },
      'budget { id }',
    );
  const prompts = [
    'one',
    '[[simulate:failed]] two',
    '[[simulate:broken-image]] three',
    '[[simulate:400]] four',
  ];
  const ids = await Promise.all(prompts.map((prompt) => dramatis.generate(cast.characterId, prompt)));
  for (const id of ids) await dramatis.settle(id);
  const other = await dramatis.cast();
  gone = fromGlobalId('Project', other.projectId);
  await dramatis.settle(await dramatis.generate(other.characterId));
  await mutate(dramatis, admin, 'deleteProject', { id: other.projectId, name: 'Tests' }, 'project { id }');
  await dramatis.database.query(
    "UPDATE projects SET deleting_at = deleting_at - interval '1 minute' WHERE deleting_at IS NOT NULL",
  );
  await eventually('the project to be removed', async () => (await count('projects')) === 1);
  await server.stop();
  newest = await count('audit_entries', `project_id = '${project}'`);
});
afterAll(() => dramatis.stop());

async function count(table: string, where = 'true'): Promise<number> {
  const [row] = await dramatis.database.query(`SELECT count(*)::int AS count FROM ${table} WHERE ${where}`);
  return Number(row?.count);
}

const changed = (...changes: string[]): Promise<Told> =>
  verifyChanged(dramatis.database.url, data, ...changes);
const told = ({ findings }: Told) => findings.map(({ kind, project, subject }) => [kind, project, subject]);
const entry = (sequence: number, id = project) => `project_id = '${id}' AND sequence = ${sequence}`;

/** Links and hashes all entries of a project anew, as the trigger would have. */
const rechain = (id: string) => `DO $$
  DECLARE
    each record;
    before text := repeat('0', 64);
    place bigint := 0;
  BEGIN
    FOR each IN SELECT * FROM audit_entries WHERE project_id = '${id}' ORDER BY sequence LOOP
      UPDATE audit_entries SET sequence = place + 1, previous_hash = before WHERE project_id = '${id}' AND sequence = each.sequence;
      UPDATE audit_entries a SET hash = audit_entry_hash(a) WHERE a.project_id = '${id}' AND a.sequence = place + 1;
      SELECT hash INTO before FROM audit_entries WHERE project_id = '${id}' AND sequence = place + 1;
      place := place + 1;
    END LOOP;
  END $$`;

it('finds nothing where nothing was changed, and says what it looked at', async () => {
  const { lines, findings, exitCode } = await changed();
  expect({ findings, exitCode }).toEqual({ findings: [], exitCode: 0 });
  const entries = await count('audit_entries');
  expect(lines).toEqual([
    expect.stringMatching(
      new RegExp(`^audit log: ${entries} entries of 2 project\\(s\\), .*compared with the anchor of 20`),
    ),
    expect.stringMatching(/^books: .* of 2 project\(s\)/),
    // Two references, one picture and the output that is none.
    expect.stringMatching(/^pictures: 4 picture\(s\) and kept output\(s\), [1-9]\d* bytes/),
    'Everything fits.',
  ]);
});

describe('the audit log', () => {
  it('an entry that says something else', async () => {
    const found = await changed(
      `UPDATE audit_entries SET actor_kind = 'ADMIN', details = '{"role": "x"}' WHERE ${entry(3)}`,
    );
    expect(told(found)).toEqual([['AUDIT_ENTRY_CHANGED', project, '3']]);
    expect(found.exitCode).toBe(1);
    expect(found.lines).toContainEqual(
      expect.stringContaining(`AUDIT_ENTRY_CHANGED: project ${project}, entry 3`),
    );
  });

  it('also when it got the hash of what it says now', async () => {
    const found = await changed(
      `UPDATE audit_entries SET details = '{}', action = 'MEMBER_REMOVED' WHERE ${entry(3)}`,
      `UPDATE audit_entries a SET hash = audit_entry_hash(a) WHERE ${entry(3)}`,
    );
    expect(told(found)).toEqual([['AUDIT_CHAIN_BROKEN', project, '4']]);
  });

  it('also where the function that hashes was replaced', async () => {
    const found = await changed(
      `UPDATE audit_entries SET action = 'MEMBER_REMOVED' WHERE ${entry(3)}`,
      `CREATE OR REPLACE FUNCTION audit_entry_hash(entry audit_entries) RETURNS text LANGUAGE sql AS $$ SELECT entry.hash::text $$`,
    );
    expect(told(found)).toEqual([['AUDIT_ENTRY_CHANGED', project, '3']]);
  });

  it('the newest entry removed', async () => {
    expect(told(await changed(`DELETE FROM audit_entries WHERE ${entry(newest)}`))).toEqual([
      ['AUDIT_LOG_SHORTENED', project, String(newest)],
    ]);
  });

  it('one in the middle removed', async () => {
    expect(told(await changed(`DELETE FROM audit_entries WHERE ${entry(3)} OR ${entry(4)}`))).toEqual([
      ['AUDIT_ENTRIES_MISSING', project, '5'],
    ]);
  });

  it('a gap of any size', async () => {
    const far = `UPDATE audit_entries SET sequence = 4000000000000000000 WHERE ${entry(newest)}`;
    expect(told(await changed(far))).toEqual([
      ['AUDIT_ENTRIES_MISSING', project, '4000000000000000000'],
      ['AUDIT_ENTRY_CHANGED', project, '4000000000000000000'],
    ]);
  });

  it('the first one removed, or one put before it', async () => {
    expect(told(await changed(`DELETE FROM audit_entries WHERE ${entry(1)}`))).toEqual([
      ['AUDIT_ENTRIES_MISSING', project, '2'],
    ]);
    const copy = `INSERT INTO audit_entries SELECT project_id, -1, at, actor_kind, user_id, api_key_id, action, target_type,
      target_id, details, previous_hash, hash FROM audit_entries WHERE ${entry(1)}`;
    expect(told(await changed(copy))).toEqual([['AUDIT_CHAIN_BROKEN', project, '-1']]);
  });

  it('a chain that was made anew: only the anchor tells', async () => {
    const forged = await changed(
      `UPDATE audit_entries SET action = 'MEMBER_REMOVED' WHERE ${entry(3)}`,
      rechain(project),
    );
    expect(told(forged)).toEqual([['AUDIT_LOG_REWRITTEN', project, String(newest)]]);
    const shorter = await changed(`DELETE FROM audit_entries WHERE ${entry(3)}`, rechain(project));
    expect(told(shorter)).toEqual([['AUDIT_LOG_SHORTENED', project, String(newest)]]);
  });

  it('all entries of a project, also of one that is gone', async () => {
    const all = await changed(`DELETE FROM audit_entries WHERE project_id = '${gone}'`);
    expect(told(all)).toEqual([['AUDIT_LOG_SHORTENED', gone, expect.any(String)]]);
    expect(
      told(await changed(`UPDATE audit_entries SET target_id = gen_random_uuid() WHERE ${entry(2, gone)}`)),
    ).toEqual([['AUDIT_ENTRY_CHANGED', gone, '2']]);
  });

  it('a database that went back is told as that, and not as tampering', async () => {
    const found = await changed(
      'DELETE FROM verifications',
      `DELETE FROM audit_entries WHERE ${entry(newest)}`,
    );
    expect(told(found)).toEqual([['DATABASE_WENT_BACK', null, expect.any(String)]]);
    expect(found.findings[0]?.message).toContain(
      `Newest entries of 1 project(s) are lost: ${project} (entry ${newest})`,
    );
  });

  it('says when there is no anchor', async () => {
    const folder = join(data, 'audit-anchors');
    await rename(folder, `${folder}.away`);
    try {
      const { lines, findings } = await changed(`DELETE FROM audit_entries WHERE ${entry(newest)}`);
      expect(findings).toEqual([]);
      expect(lines[0]).toContain('without an anchor');
    } finally {
      await rename(`${folder}.away`, folder);
    }
  });
});

describe('the books', () => {
  it.each([
    ['RUN_COST', "UPDATE ledger_entries SET amount_micros = amount_micros + 1 WHERE kind = 'CHARGE'"],
    ['ROLLUP', "UPDATE spend_rollups SET amount_micros = amount_micros - 1 WHERE slice = 'ALL'"],
    ['BUDGET_SETTLED', 'UPDATE budget_windows SET settled_micros = 0'],
    ['BUDGET_CAP', 'UPDATE budget_windows SET cap_micros = cap_micros * 2'],
    ['RUN_MISSING', "DELETE FROM generations WHERE prompt = 'one'"],
  ])('%s', async (kind, change) => {
    const found = await changed(change);
    expect(told(found)).toContainEqual([kind, project, expect.any(String)]);
    expect(found.findings.every((each) => each.project !== null)).toBe(true);
  });

  it('the ledger of a project that is gone', async () => {
    const one = `(SELECT min(id) FROM ledger_entries WHERE project_id = '${gone}' AND kind = 'CHARGE')`;
    const removed = await changed(`DELETE FROM ledger_entries WHERE id = ${one}`);
    expect(told(removed)).toContainEqual(['RUN_HOLD', gone, expect.any(String)]);
    const raised = await changed(
      `UPDATE ledger_entries SET amount_micros = amount_micros + 5 WHERE id = ${one}`,
    );
    expect(told(raised)).toContainEqual(['ROLLUP', gone, expect.any(String)]);
    const turned = await changed(
      'ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_accounts_check',
      `UPDATE ledger_entries SET debit = 'AVAILABLE' WHERE id = ${one}`,
    );
    expect(told(turned)).toContainEqual(['LEDGER_ENTRY', gone, expect.any(String)]);
  });
});

describe('the pictures', () => {
  async function pathOf(): Promise<{ path: string; id: string }> {
    const [row] = await dramatis.database.query('SELECT id, sha256 FROM images ORDER BY id LIMIT 1');
    return { path: join(data, 'storage', blobKey(project, String(row?.sha256))), id: `image ${row?.id}` };
  }

  it('a byte flipped, a file cut, a file gone', async () => {
    const { path, id } = await pathOf();
    const bytes = await readFile(path);
    try {
      const flipped = Buffer.from(bytes);
      flipped[40] = (flipped[40] ?? 0) ^ 1;
      await writeFile(path, flipped);
      expect(told(await changed())).toEqual([['PICTURE_CHANGED', project, id]]);
      await truncate(path, 10);
      expect(told(await changed())).toEqual([['PICTURE_CHANGED', project, id]]);
      await rm(path);
      expect(told(await changed())).toEqual([['PICTURE_MISSING', project, id]]);
    } finally {
      await writeFile(path, bytes);
    }
  });

  it('a kept output', async () => {
    const [row] = await dramatis.database.query(
      `SELECT id, output_problems->0->>'sha256' AS sha256 FROM generations WHERE jsonb_array_length(output_problems) > 0
       AND output_problems->0->>'sha256' IS NOT NULL`,
    );
    const path = join(data, 'storage', blobKey(project, String(row?.sha256)));
    await rename(path, `${path}.away`);
    try {
      expect(told(await changed())).toEqual([
        ['PICTURE_MISSING', project, `output 0 of generation ${row?.id}`],
      ]);
    } finally {
      await rename(`${path}.away`, path);
    }
  });

  it('a size that the row has wrong', async () => {
    expect(told(await changed('UPDATE images SET size_bytes = size_bytes + 1'))).toHaveLength(3);
  });

  it('a volume that is not mounted is one finding; so is that of another installation', async () => {
    const storage = join(data, 'storage');
    const identity = join(storage, '.identity');
    const ours = await readFile(identity, 'utf8');
    await rename(storage, `${storage}.away`);
    try {
      expect(told(await changed())).toEqual([['STORAGE_MISSING', null, ours.trim()]]);
    } finally {
      await rename(`${storage}.away`, storage);
    }
    await writeFile(identity, 'another\n');
    try {
      expect(told(await changed())).toEqual([['STORAGE_FOREIGN', null, ours.trim()]]);
    } finally {
      await writeFile(identity, ours);
    }
  });
});
