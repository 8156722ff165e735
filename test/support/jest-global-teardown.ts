import { rm } from 'node:fs/promises';

/** Stops the run's Postgres and removes its files. */
export default async function teardown(): Promise<void> {
  const run = globalThis as unknown as {
    stopTestPostgres: () => Promise<void>;
    testPostgresDirectory: string;
  };
  await run.stopTestPostgres();
  await rm(run.testPostgresDirectory, { recursive: true, force: true });
}
