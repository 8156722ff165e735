import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { anchorPath, readAnchor } from '../../../../src/features/verification/anchor-file.ts';
import { anchorAtStop } from '../../../../src/features/verification/tasks/verify-regularly.ts';
import { createLogger } from '../../../../src/logger.ts';
import { fromGlobalId } from '../../../../src/platform/reads/global-id.ts';
import { readConfig } from '../../../../src/settings/config.ts';
import { Dramatis, eventually } from '../../../support/dramatis.ts';
import { freePort } from '../../../support/free-port.ts';
import { tamper as tamperWith } from '../../../support/verified.ts';

let dramatis: Dramatis;
let folder: string;
let path: string;
/** Row ids. */
let first: string;
let second: string;
let characters: Record<string, string>;

beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { AUDIT_ANCHOR_EVERY_MS: '150' } });
  // Another one beside it: they share the work.
  await dramatis.startServer();
  const casts = [await dramatis.cast(), await dramatis.cast()] as const;
  [first, second] = [
    fromGlobalId('Project', casts[0].projectId),
    fromGlobalId('Project', casts[1].projectId),
  ];
  characters = { [first]: casts[0].characterId, [second]: casts[1].characterId };
  folder = join(dramatis.environment.DATA_DIR ?? '', 'audit-anchors');
  const [row] = await dramatis.database.query("SELECT value FROM settings WHERE name = 'database'");
  path = anchorPath(folder, String(row?.value));
});
afterAll(() => dramatis.stop());

async function newestOf(project: string): Promise<number> {
  const [row] = await dramatis.database.query(
    `SELECT max(sequence)::int AS newest FROM audit_entries WHERE project_id = '${project}'`,
  );
  return Number(row?.newest);
}

async function anchored(project: string): Promise<number> {
  return Number((await readAnchor(path))?.heads.get(project)?.sequence ?? 0);
}

async function verification() {
  const { reconciliation } = await dramatis.get(
    '{ reconciliation(first: 1) { verification { at projects entries findingCount findings { kind project subject message } } } }',
  );
  return reconciliation.verification;
}

/** Waits for a verification that began after this was asked. */
async function verified() {
  const { at } = await eventually('a verification', verification);
  const later = await eventually('a verification', async () => {
    const one = await verification();
    return one.at === at ? null : one;
  });
  return eventually('a later verification', async () => {
    const one = await verification();
    return one.at === later.at ? null : one;
  });
}

const tamper = (...changes: string[]) => tamperWith(dramatis.database.url, ...changes);
const messages = () => dramatis.secrets.logged.map((line) => JSON.parse(line));
const changeCharacter = (id: string, name: string) =>
  dramatis.get(
    'mutation ($input: UpdateCharacterInput!) { updateCharacter(input: $input) { userErrors { code } } }',
    { input: { id, description: name } },
  );

it('anchors the newest entries in a file and in the log, and tells what it verified', async () => {
  const newest = await newestOf(first);
  await eventually(
    'the anchor',
    async () => (await anchored(first)) === newest && (await anchored(second)) > 0,
  );
  const told = await verified();
  expect(told).toMatchObject({ projects: 2, entries: newest * 2, findingCount: 0, findings: [] });
  const text = await eventually('a file and its line', async () => {
    const bytes = await readFile(path);
    const digest = createHash('sha256').update(bytes).digest('hex');
    return messages().some((line) => line.msg === 'the audit log is anchored' && line.digest === digest)
      ? bytes.toString()
      : null;
  });
  expect(text.trimEnd().split('\n')).toHaveLength(3);
  await changeCharacter(characters[first] ?? '', 'tall');
  await eventually('the next entry', async () => (await anchored(first)) === newest + 1);
});

it('is the work of one process at a time', async () => {
  await verified();
  const [row] = await dramatis.database.query(
    `SELECT count(*)::int AS count FROM (SELECT at - lag(at) OVER (ORDER BY at) AS since FROM verifications WHERE is_whole) v
     WHERE since < interval '100 ms'`,
  );
  expect(row?.count).toBe(0);
});

it('does not anchor what is not committed', async () => {
  const newest = await newestOf(second);
  const client = new pg.Client({ connectionString: dramatis.database.url });
  await client.connect();
  await client.query('BEGIN');
  await client.query(
    `INSERT INTO audit_entries (project_id, sequence, actor_kind, action, target_type, target_id, previous_hash, hash)
     VALUES ($1, 0, 'ADMIN', 'PROJECT_UPDATED', 'Project', $1, '', '')`,
    [second],
  );
  await verified();
  expect(await anchored(second)).toBe(newest);
  await client.query('ROLLBACK');
  await client.end();
  expect(await verified()).toMatchObject({ findingCount: 0 });
});

it('goes on finding that the newest entry is gone, also when another one takes its number', async () => {
  const newest = await newestOf(first);
  await eventually('the anchor', async () => (await anchored(first)) === newest);
  const [kept] = await dramatis.database.query(
    `SELECT to_jsonb(e) AS entry FROM audit_entries e WHERE project_id = '${first}' AND sequence = ${newest}`,
  );
  await tamper(`DELETE FROM audit_entries WHERE project_id = '${first}' AND sequence = ${newest}`);
  expect((await verified()).findings).toMatchObject([
    { kind: 'AUDIT_LOG_SHORTENED', project: first, subject: String(newest) },
  ]);
  await changeCharacter(characters[first] ?? '', 'taller');
  await changeCharacter(characters[first] ?? '', 'tallest');
  expect((await verified()).findings).toMatchObject([
    { kind: 'AUDIT_LOG_REWRITTEN', project: first, subject: String(newest) },
  ]);
  expect(await anchored(first)).toBe(newest);
  // The other project is anchored all the same.
  await changeCharacter(characters[second] ?? '', 'small');
  const other = await newestOf(second);
  await eventually('the anchor of the other', async () => (await anchored(second)) === other);
  expect(messages()).toContainEqual(
    expect.objectContaining({
      level: 'error',
      msg: 'the books do not add up',
      findings: [expect.objectContaining({ kind: 'AUDIT_LOG_REWRITTEN' })],
    }),
  );
  await tamper(
    `DELETE FROM audit_entries WHERE project_id = '${first}' AND sequence >= ${newest}`,
    `INSERT INTO audit_entries SELECT * FROM jsonb_populate_record(NULL::audit_entries, '${JSON.stringify(kept?.entry)}')`,
  );
  expect(await verified()).toMatchObject({ findingCount: 0 });
});

it('tells of the books as well', async () => {
  await tamper('UPDATE projects SET active_generations = active_generations + 1');
  expect((await verified()).findings).toMatchObject([{ kind: 'SLOTS' }, { kind: 'SLOTS' }]);
  await tamper('UPDATE projects SET active_generations = active_generations - 1');
  expect(await verified()).toMatchObject({ findingCount: 0 });
});

it('anchors the log also while the books cannot be read', async () => {
  await dramatis.database.query('ALTER TABLE spend_rollups RENAME TO away');
  try {
    await changeCharacter(characters[first] ?? '', 'taller');
    const newest = await newestOf(first);
    await eventually('the anchor', async () => (await anchored(first)) === newest);
  } finally {
    await dramatis.database.query('ALTER TABLE away RENAME TO spend_rollups');
  }
});

it('tells that the database went back until a person has looked into it', async () => {
  const newest = await newestOf(second);
  await eventually('the anchor', async () => (await anchored(second)) === newest);
  await tamper(
    'DELETE FROM verifications',
    `DELETE FROM audit_entries WHERE project_id = '${second}' AND sequence = ${newest}`,
  );
  const told = await verified();
  expect(told.findings).toMatchObject([{ kind: 'DATABASE_WENT_BACK', project: null }]);
  expect(told.findings[0].message).toContain(`${second} (entry ${newest})`);
  // It is anchored anew, and goes on.
  expect(await anchored(second)).toBe(newest - 1);
  const aside = (await readdir(folder)).filter((name) => name.includes('.went-back-'));
  expect(aside).toHaveLength(1);
  expect(told.findings[0].message).toContain(aside[0]);
  await rm(join(folder, aside[0] ?? ''));
  expect(await verified()).toMatchObject({ findingCount: 0 });
});

it('says once that it cannot anchor, and leaves the anchor that is there', async () => {
  await rename(folder, `${folder}.away`);
  await writeFile(folder, '');
  const failed = 'the books cannot be verified, and the audit log is not anchored';
  await eventually('the failure to be told', () => messages().some(({ msg }) => msg === failed));
  await rm(folder);
  await rename(`${folder}.away`, folder);
  await eventually('it to be over', () =>
    messages().some(({ msg }) => msg === 'the books are verified again'),
  );
  expect(await verified()).toMatchObject({ findingCount: 0 });
});

it('does not hold up a stop when the database does not answer', async () => {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(line) });
  const config = readConfig({});
  const directory = await mkdtemp(join(tmpdir(), 'dramatis-anchors-'));
  const databaseUrl = `postgresql://x:x@127.0.0.1:${await freePort()}/x`;
  await anchorAtStop({ log, config }, { databaseUrl, folder: directory });
  // It is tried once.
  expect(lines).toHaveLength(1);
  expect(await readdir(directory)).toEqual([]);
});
