import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/db/embedded-postgres.ts';
import { Dramatis } from './dramatis.ts';
import { callers } from './outage.ts';
import { startServerProcess } from './server-process.ts';
import { openWire } from './wire.ts';

/** A server process whose Postgres, and whose connections to it, can be made to fail. */
export type ServerOnFaultyDatabase = Awaited<ReturnType<typeof startOnFaultyDatabase>>;

/** Starts it on a Postgres of its own, behind a wire, with callers outside; they connect before anything fails. */
export async function startOnFaultyDatabase(environment: Record<string, string> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'dramatis-faulty-'));
  const postgres = await startEmbeddedPostgres({ directory, log: () => undefined });
  const wire = await openWire(postgres.url);
  const dramatis = await Dramatis.start({
    servers: 0,
    // Callers that ask without a pause spend more than the usual balance.
    simulator: { balanceMicros: 1_000_000_000_000n },
    environment: { DATABASE_URL: wire.url, COST_BURST: '1000000', ...environment },
  });
  const server = await startServerProcess(dramatis);
  dramatis.url = server.url;
  return {
    directory,
    postgres,
    wire,
    dramatis,
    server,
    outside: await callers(dramatis),
    async stop() {
      await dramatis.stop();
      await wire.close();
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
