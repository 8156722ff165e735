import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createLogger } from '../../src/logger.ts';
import { startJobQueue } from '../../src/platform/jobs/job-queue.ts';
import { jobKinds } from '../../src/tasks.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const text = readFileSync('docs/kept.md', 'utf8');
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  const jobs = await startJobQueue(database.url, jobKinds, createLogger('silent'));
  await jobs.stop(1_000);
});
afterAll(() => database.drop());

it('every table has a row that says how long it is kept', async () => {
  const tables = await database.query(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'",
  );
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  const missing = tables.filter(
    ({ name }) => !rows.some((row) => row.split('|')[1]?.includes(`\`${name}\``)),
  );
  expect(missing).toEqual([]);
});

it('every setting of it is there, with its default', () => {
  const example = readFileSync('.env.example', 'utf8');
  const settings = [...example.matchAll(/^([A-Z_]+_KEPT_DAYS)=(\d+)$/gm)];
  expect(settings.length).toBeGreaterThan(5);
  for (const [, name, days] of settings) expect(text).toContain(`\`${name}\` (${days})`);
});

it('the queue, which has run, has rows in no table that could grow without an end', async () => {
  const tables = await database.query(
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'pgboss'::regnamespace AND relkind = 'r'",
  );
  const filled: string[] = [];
  for (const { name } of tables)
    if ((await database.query(`SELECT 1 FROM pgboss."${name}" LIMIT 1`)).length > 0)
      filled.push(String(name));
  expect(filled.sort()).toEqual(['queue', 'version']);
});
