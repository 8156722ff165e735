import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { builtEnvironment } from '../support/built.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { startServer } from '../support/starts.ts';
import { isThorough } from '../support/thorough.ts';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the program to its end. */
function run(environment: Record<string, string>, ...parameters: string[]): Promise<Ended> {
  const [flags, others] = [
    parameters.filter((each) => each.startsWith('--max')),
    parameters.filter((each) => !each.startsWith('--max')),
  ];
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', ...flags, 'dist/verify/main.js', ...others],
    {
      env: { ...builtEnvironment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => {
    out += text;
  });
  child.stderr.on('data', (text) => {
    err += text;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

const directories: string[] = [];
afterAll(async () => {
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

/** A folder for an installation of its own. */
async function dataDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dramatis-verify-'));
  directories.push(directory);
  return directory;
}

/** So many that all of them together would not fit into the memory that the program is given. */
const many = isThorough ? 200_000 : 80_000;

it(`verifies ${many} entries in little memory, for a person and for a machine`, async () => {
  const dramatis = await Dramatis.start({ servers: 0 });
  try {
    const server = await dramatis.startServer();
    dramatis.url = server.url ?? '';
    await dramatis.cast();
    await server.stop();
    const before = await run(dramatis.environment);
    expect(before).toMatchObject({ code: 0, err: '' });
    expect(before.out.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^audit log: \d+ entries of 1 project\(s\)/),
      expect.stringMatching(/^books: /),
      expect.stringMatching(/^pictures: 2 /),
      'Everything fits.',
    ]);
    await dramatis.database.query(
      `INSERT INTO audit_entries (project_id, sequence, actor_kind, action, target_type, target_id, details, previous_hash, hash)
       SELECT p.id, 0, 'ADMIN', 'PROJECT_UPDATED', 'Project', p.id,
         jsonb_build_object('place', place, 'text', E'„é" \\\\ \\u2028 \\n \\u0001 ' || repeat('x', 40), 'half', 0.5), '', ''
       FROM projects p, generate_series(1, ${many}) place`,
    );
    const large = await run(dramatis.environment, '--json', '--max-old-space-size=40');
    expect(large).toMatchObject({ code: 0, err: '' });
    const lines = large.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0].entries).toBeGreaterThan(many);
    expect(lines.at(-1)).toEqual({ findings: 0 });

    await dramatis.database.query('ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_append_only');
    await dramatis.database.query("UPDATE audit_entries SET details = '{}' WHERE sequence = 60000");
    await dramatis.database.query('DELETE FROM audit_entries WHERE sequence < 100');
    const changed = await run(dramatis.environment, '--json', '--max-old-space-size=40');
    expect(changed.code).toBe(1);
    const findings = changed.out
      .trimEnd()
      .split('\n')
      .flatMap((line) => JSON.parse(line).finding ?? []);
    expect(findings).toMatchObject([
      { kind: 'AUDIT_ENTRIES_MISSING', subject: '100' },
      { kind: 'AUDIT_ENTRY_CHANGED', subject: '60000' },
    ]);
  } finally {
    await dramatis.stop();
  }
}, 180_000);

it('verifies the embedded database beside its server and without it, and leaves it as it was', async () => {
  const data = await dataDirectory();
  const server = startServer({ DATA_DIR: data });
  const url = await server.listening;
  const mutation = 'mutation { createProject(input: { name: "One" }) { project { id } } }';
  await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: 'Bearer test_admin_key_0123456789', 'content-type': 'application/json' },
    body: JSON.stringify({ query: mutation }),
  });
  const beside = await run({ DATA_DIR: data });
  expect(beside).toMatchObject({ code: 0, err: '' });
  expect(beside.out).toContain('1 entries of 1 project(s), each hash computed again, without an anchor');
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  server.interrupt({ signal: 'SIGTERM', isForGroup: false });
  expect(await server.exited).toBe(0);

  const alone = await run({ DATA_DIR: data });
  expect(alone).toMatchObject({ code: 0, err: '' });
  expect(alone.out).toContain('compared with the anchor of');
  // Its Postgres has ended with it: the next server finds the folder free.
  const next = startServer({ DATA_DIR: data });
  await next.listening;
  next.interrupt({ signal: 'SIGTERM', isForGroup: false });
  expect(await next.exited).toBe(0);
});

it.each([
  ['no database', { DATA_DIR: 'nothing-there' }, /aborted: there is no database in .*nothing-there/],
  [
    'a database that does not answer',
    { DATABASE_URL: 'postgresql://x:secret_x@127.0.0.1:1/x' },
    /^The verification was aborted: [^\n]*ECONNREFUSED[^\n]*\n$/,
  ],
  ['a bad setting', { DATABASE_TIMEOUT_MS: 'soon' }, /DATABASE_TIMEOUT_MS must be a whole number/],
])('says in one line that there is %s', async (_, environment, words) => {
  const { code, out, err } = await run(environment);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(words);
  expect(err).not.toContain('secret_x');
});

it('refuses a database that no server of this version has used', async () => {
  const dramatis = await Dramatis.start({ servers: 0 });
  try {
    await dramatis.database.query('DROP TABLE verifications');
    expect(await run(dramatis.environment)).toMatchObject({
      code: 1,
      err: expect.stringContaining('older version'),
    });
  } finally {
    await dramatis.stop();
  }
});

it('changes nothing, and is no process that a switch of the environment waits for', async () => {
  const dramatis = await Dramatis.start({ servers: 0 });
  const client = new pg.Client({ connectionString: dramatis.database.url });
  try {
    await client.connect();
    const settings = await dramatis.database.query('SELECT * FROM settings');
    // Holds it up at its first table.
    await client.query('BEGIN; LOCK TABLE settings IN ACCESS EXCLUSIVE MODE');
    const ended = run(dramatis.environment);
    const session = await eventually('its session', async () => {
      const [row] = await dramatis.database.query(
        `SELECT application_name AS name FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name LIKE 'dramatis%'`,
      );
      return row;
    });
    expect(session.name).toBe('dramatis-verify');
    await client.query('COMMIT');
    expect((await ended).code).toBe(0);
    expect(await dramatis.database.query('SELECT * FROM settings')).toEqual(settings);
    expect(await dramatis.database.query('SELECT * FROM verifications')).toEqual([]);
  } finally {
    await client.end();
    await dramatis.stop();
  }
});
