import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { createTestDatabase, empty, type TestDatabase } from '../support/database.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { mutate } from '../support/people.ts';
import { verifyChanged } from '../support/verified.ts';

const admin = { key: 'test_admin_key_0123456789' };
const passwords = { dramatis_owner: 'owner_of_tables', dramatis_app: 'works_with_them' };
let script: string;
let dramatis: Dramatis;
/** A database that a superuser's server has used, and a new one. */
let fresh: TestDatabase;

beforeAll(async () => {
  script = await readFile('docs/database-roles.sql', 'utf8');
  dramatis = await Dramatis.start({ servers: 0 });
  fresh = await createTestDatabase(empty);
});
afterAll(async () => {
  await dramatis.stop();
  await fresh.drop();
});

/** What the document says, as a superuser. */
async function makeRoles({ query }: TestDatabase): Promise<void> {
  await query(script);
  for (const [role, password] of Object.entries(passwords))
    await query(`ALTER ROLE ${role} PASSWORD '${password}'`);
}

function urlAs(role: keyof typeof passwords, { url }: TestDatabase): string {
  const address = new URL(url);
  address.username = role;
  address.password = passwords[role];
  return address.href;
}

const settings = (database: TestDatabase) => ({
  DATABASE_URL: urlAs('dramatis_app', database),
  MIGRATION_DATABASE_URL: urlAs('dramatis_owner', database),
});

/** The main job, a budget, and a project that goes. Resolves to the row id of the project that stays. */
async function work(url: string): Promise<string> {
  dramatis.url = url;
  const cast = await dramatis.cast();
  await mutate(
    dramatis,
    admin,
    'createBudget',
    { projectId: cast.projectId, scope: 'PROJECT', period: 'DAY', cap: '10' },
    'budget { id }',
  );
  const id = await dramatis.generate(cast.characterId);
  expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
  const other = await dramatis.cast();
  await dramatis.settle(await dramatis.generate(other.characterId));
  await mutate(dramatis, admin, 'deleteProject', { id: other.projectId, name: 'Tests' }, 'project { id }');
  return fromGlobalId('Project', cast.projectId);
}

/** Each statement as the role that the server works as; the code or words of its refusal. */
async function asApp(database: TestDatabase, statements: readonly string[]): Promise<(string | null)[]> {
  const client = new pg.Client({ connectionString: urlAs('dramatis_app', database) });
  await client.connect();
  const answers: (string | null)[] = [];
  for (const statement of statements)
    answers.push(
      await client.query(statement).then(
        () => null,
        (error: Error) => error.message,
      ),
    );
  await client.end();
  return answers;
}

const harmful = [
  'DELETE FROM audit_entries',
  "UPDATE audit_entries SET action = 'MEMBER_REMOVED'",
  'TRUNCATE audit_entries',
  'DROP TABLE audit_entries',
  'ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_append_only',
  'ALTER TABLE audit_entries DISABLE TRIGGER ALL',
  'DROP TRIGGER audit_entries_append_only ON audit_entries',
  'CREATE RULE forget AS ON INSERT TO audit_entries DO INSTEAD NOTHING',
  "CREATE OR REPLACE FUNCTION audit_entry_hash(entry audit_entries) RETURNS text LANGUAGE sql AS 'SELECT NULL'",
  'CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$',
  "SET session_replication_role = 'replica'",
  'SET ROLE dramatis_owner',
  'UPDATE ledger_entries SET amount_micros = 1',
  'DELETE FROM ledger_entries',
  'TRUNCATE ledger_entries',
  'ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_amount_check',
  'ALTER TABLE generations DISABLE TRIGGER generations_book',
  'DELETE FROM submit_intents',
  'DELETE FROM verifications',
  'UPDATE verifications SET finding_count = 0',
  'DELETE FROM _prisma_migrations',
  'CREATE TABLE public.another (id int)',
  'CREATE SCHEMA another',
  'ALTER TABLE pgboss.job ADD COLUMN another int',
  'GRANT DELETE ON audit_entries TO dramatis_app',
];

describe.each(['a new database', 'a database that was in use'])('%s', (kind) => {
  const database = () => (kind === 'a new database' ? fresh : dramatis.database);

  it('is worked on by a role that owns nothing', async () => {
    if (kind !== 'a new database') {
      const before = await dramatis.startServer();
      dramatis.url = before.url ?? '';
      await dramatis.settle(await dramatis.generate((await dramatis.cast()).characterId));
      await before.stop();
    }
    await makeRoles(database());
    const server = await dramatis.startServer({ ...settings(database()), AUDIT_ANCHOR_EVERY_MS: '200' });
    const project = await work(server.url ?? '');
    await database().query("UPDATE projects SET deleting_at = deleting_at - interval '1 minute'");
    await eventually('the project to be removed', async () => {
      const [row] = await database().query(
        'SELECT count(*)::int AS count FROM projects WHERE deleting_at IS NOT NULL',
      );
      return row?.count === 0;
    });
    await eventually('a verification', async () => {
      const { reconciliation } = await dramatis.get(
        '{ reconciliation(first: 1) { verification { findingCount } } }',
      );
      return reconciliation.verification?.findingCount === 0;
    });
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    await server.stop();
    const [entries] = await database().query(
      `SELECT count(*)::int AS count FROM audit_entries WHERE project_id = '${project}'`,
    );
    expect(entries?.count).toBeGreaterThan(3);
    const owners = await database().query(
      `SELECT DISTINCT pg_get_userbyid(relowner) AS owner FROM pg_class
       WHERE relnamespace IN ('public'::regnamespace, 'pgboss'::regnamespace)`,
    );
    expect(owners).toEqual([{ owner: 'dramatis_owner' }]);
  });

  it('refuses that role everything that would change the audit log or the ledger', async () => {
    const before = await database().query('SELECT * FROM audit_entries ORDER BY project_id, sequence');
    const answers = await asApp(database(), harmful);
    expect(
      harmful.filter((_, index) => !/permission denied|must be owner|violates/.test(answers[index] ?? '')),
    ).toEqual([
      // Postgres warns and grants nothing.
      'GRANT DELETE ON audit_entries TO dramatis_app',
    ]);
    expect(await asApp(database(), ['DELETE FROM audit_entries'])).toEqual([
      'permission denied for table audit_entries',
    ]);
    expect(await database().query('SELECT * FROM audit_entries ORDER BY project_id, sequence')).toEqual(
      before,
    );
    const { findings } = await verifyChanged(
      urlAs('dramatis_owner', database()),
      dramatis.environment.DATA_DIR ?? '',
    ).catch((error: Error) => ({ findings: error.message }));
    // Only a superuser can switch the triggers off for a session.
    expect(findings).toContain('permission denied to set parameter "session_replication_role"');
  });

  it('is started without the owner while there is nothing to migrate, and else says what it needs', async () => {
    const { DATABASE_URL } = settings(database());
    const server = await dramatis.startServer({ DATABASE_URL });
    dramatis.url = server.url ?? '';
    await dramatis.settle(await dramatis.generate((await dramatis.cast()).characterId));
    await server.stop();
    await database().query("DELETE FROM _prisma_migrations WHERE migration_name LIKE '%_verify'");
    await expect(dramatis.startServer({ DATABASE_URL })).rejects.toThrow(
      /"dramatis_app" may not create tables: .*MIGRATION_DATABASE_URL/,
    );
  });
});
