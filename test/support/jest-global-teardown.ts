import { rm } from 'node:fs/promises';

/** Stops the run's Postgres and removes its files. */
export default async function teardown(): Promise<void> {
  const run = globalThis as unknown as {
    stopTestPostgres: () => Promise<void>;
    testRunFolder: string;
  };
  await run.stopTestPostgres();
  await rm(run.testRunFolder, { recursive: true, force: true });
}
