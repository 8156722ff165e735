import { createLogger } from '../../src/logger.ts';
import { workOnChores } from './chores.ts';

/* A program for tests: begins each chore of the database that it is given, says so, and never ends it. */
const [, , databaseUrl = ''] = process.argv;
await workOnChores(databaseUrl, createLogger('silent'), async ({ payload }) => {
  process.stdout.write(`${payload.name}\n`);
  await new Promise(() => undefined);
});
