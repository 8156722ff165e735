import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { type EmbeddedDatabase, startEmbeddedPostgres } from '../../src/platform/db/embedded-postgres.ts';
import { delay } from '../support/delay.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

let directory: string;
let postgres: EmbeddedDatabase;
let dramatis: Dramatis;
let server: ServerProcess;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dramatis-crash-'));
  postgres = await startEmbeddedPostgres({ directory, log: () => undefined });
  dramatis = await Dramatis.start({ servers: 0, environment: { DATABASE_URL: postgres.url } });
  server = await startServerProcess(dramatis);
  dramatis.url = server.url;
});
afterAll(async () => {
  await dramatis.stop();
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Kills a backend without mercy: Postgres ends every session and recovers from its log. */
async function crashPostgres(): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  process.kill(rows[0]?.pid ?? 0, 'SIGKILL');
  await client.end().catch(() => undefined);
}

it('a Postgres that crashes again and again: the server lives, accepted runs end well, each is paid for once', async () => {
  const { characterId } = await dramatis.cast();
  const accepted = new Set<string>();
  const codes = new Set<string | undefined>();
  for (let round = 0; round < 4; round += 1) {
    await eventually('Postgres to be back', () =>
      crashPostgres().then(
        () => true,
        () => false,
      ),
    );
    const before = accepted.size;
    // Where the machine is busy, Postgres takes a while to come back.
    for (let index = 0; index < 6 || accepted.size === before; index += 1) {
      const input = {
        characterId,
        idempotencyKey: `${round}-${index}`,
        model: { consistentCharacter: { prompt: `crash ${round} ${index}` } },
      };
      const { data, errors } = await dramatis.ask(
        'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } } }',
        { input },
      );
      if (data?.generate) accepted.add(data.generate.generation.id);
      else codes.add(errors?.[0]?.extensions.code);
      await delay(150);
    }
  }
  expect([...codes].filter((code) => code !== 'SERVICE_UNAVAILABLE')).toEqual([]);
  expect(accepted.size).toBeGreaterThan(0);
  const ask = (id: string) => dramatis.settle(id).catch(() => null);
  const states = await Promise.all(
    [...accepted].map((id) => eventually('a run to end', () => ask(id), 40_000)),
  );
  // A submit that the crash hit between the POST and its record may rest in doubt; nothing is lost or paid twice.
  expect(states.filter(({ status }) => status !== 'COMPLETED' && status !== 'UNCERTAIN')).toEqual([]);
  expect(states.filter(({ status }) => status === 'COMPLETED').length).toBeGreaterThan(0);
  const submits = dramatis.simulator.requests.filter(
    ({ method, path }) => method === 'POST' && path.startsWith('/v2/'),
  );
  expect(submits.length).toBeLessThanOrEqual(24);
  expect(new Set(submits.map(({ body }) => JSON.parse(body.toString()).seed)).size).toBe(submits.length);
  expect(server.child.exitCode).toBeNull();
});

it('an intent is written and its answer lost: nothing was sent, so nothing is in doubt', async () => {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  const { characterId } = await dramatis.cast();
  // Commits of intents wait for a standby that does not exist. A session that is ended while it waits has committed.
  await client.query(`
    CREATE FUNCTION wait_for_copy() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM set_config('synchronous_commit', 'on', true); RETURN NULL; END $$;
    CREATE TRIGGER wait_for_copy AFTER UPDATE ON generations FOR EACH ROW WHEN (NEW.status = 'SUBMITTING')
      EXECUTE FUNCTION wait_for_copy()`);
  await client.query(`ALTER SYSTEM SET synchronous_commit = 'local'`);
  await client.query(`ALTER SYSTEM SET synchronous_standby_names = 'no_standby'`);
  await client.query('SELECT pg_reload_conf()');
  const before = dramatis.simulator.requests.length;
  const ids = await Promise.all(
    [1, 2, 3, 4, 5].map((index) => dramatis.generate(characterId, `lost ${index}`)),
  );
  for (const round of [1, 2])
    await eventually(`answer ${round} to be lost`, async () => {
      const { rows } = await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
      );
      return rows.length > 0;
    });
  await client.query('ALTER SYSTEM RESET ALL');
  await client.query('SELECT pg_reload_conf()');
  const states = await Promise.all(ids.map((id) => dramatis.settle(id)));
  expect(states.map(({ status }) => status)).toEqual(ids.map(() => 'COMPLETED'));
  const submits = dramatis.simulator.requests
    .slice(before)
    .filter(({ method, path }) => method === 'POST' && path.startsWith('/v2/'));
  expect(submits).toHaveLength(5);
  await client.end();
});
