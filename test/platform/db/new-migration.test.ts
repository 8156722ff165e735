import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  compareDefinitions,
  describeDifferences,
} from '../../../src/platform/db/definitions/compare-definitions.ts';
import { loadDefinitions } from '../../../src/platform/db/definitions/load-definitions.ts';
import { readDefinitions } from '../../../src/platform/db/definitions/read-definitions.ts';
import { migrate } from '../../../src/platform/db/migrations/migrate.ts';
import { openSession } from '../../../src/platform/db/migrations/session.ts';
import { newMigration } from '../../../src/platform/db/new-migration.ts';
import { createTestDatabase, empty, type TestDatabase } from '../../support/database.ts';

let prisma: string;
let databases: TestDatabase[];
beforeEach(async () => {
  databases = [];
  prisma = await mkdtemp(join(tmpdir(), 'dramatis-migration-'));
  await cp('prisma', prisma, { recursive: true });
});
afterEach(async () => {
  for (const database of databases) await database.drop();
  await rm(prisma, { recursive: true, force: true });
});

async function edit(file: string, change: (text: string) => string): Promise<void> {
  const path = join(prisma, file);
  const before = await readFile(path, 'utf8');
  expect(change(before)).not.toBe(before);
  await writeFile(path, change(before));
}

async function database(template?: string): Promise<TestDatabase> {
  const made = await createTestDatabase(template);
  databases.push(made);
  return made;
}

/** Makes a migration; its script and why it must be completed. */
async function make(name: string): Promise<{ script: string; problem: string | null }> {
  const [held, wanted] = [await database(empty), await database(empty)];
  const { directory, problem } = await newMigration(name, prisma, { held: held.url, wanted: wanted.url });
  return { script: await readFile(join(directory, 'migration.sql'), 'utf8'), problem };
}

const names = async () => (await readdir(join(prisma, 'migrations'))).sort();

it('leads a database that is in use to what the files say, and then nothing differs', async () => {
  const used = await database();
  await edit('schema.prisma', (text) =>
    text.replace(/^model ApiKey \{\n/m, '$&  colour String? @map("colour")\n'),
  );
  // A body, the WHEN of a trigger, and a view, which gets the new column.
  await edit('functions/iso_text.sql', (text) => text.replace('HH24:MI:SS.MS', 'HH24:MI:SS.US'));
  await edit('triggers/keep_slot.sql', (text) => text.replace('WHEN (NEW."status" <> OLD."status") ', ''));
  // A name of an argument cannot be replaced, only dropped.
  await edit('functions/first_moment.sql', (text) =>
    text.replaceAll('zone text', 'place text').replaceAll('TIME ZONE zone', 'TIME ZONE place'),
  );
  // One that calls the next one, and one less.
  const twice = (name: string, body: string) =>
    writeFile(
      join(prisma, `functions/${name}.sql`),
      `-- Twice.\nCREATE OR REPLACE FUNCTION ${name}(n int) RETURNS int LANGUAGE sql AS $$ SELECT ${body} $$;\n`,
    );
  await twice('a_first', 'b_second(n)');
  await twice('b_second', '2 * n');
  await rm(join(prisma, 'triggers/tell_budget_alert.sql'));

  const { script, problem } = await make('change');
  expect(problem).toBeNull();
  expect(script).not.toContain('move_generation');
  expect(await migrate(used.url, join(prisma, 'migrations'))).toHaveLength(1);
  const [session, other] = [await openSession(used.url), await openSession((await database()).url)];
  try {
    await other.query('ALTER TABLE api_keys ADD COLUMN colour text');
    const kept = await loadDefinitions(other, prisma);
    expect(describeDifferences(compareDefinitions(await readDefinitions(session), kept))).toEqual([]);
    expect((await session.query('SELECT colour FROM live_api_keys, a_first(1)')).rows).toEqual([]);
  } finally {
    await Promise.all([session.end(), other.end()]);
  }
  // What a person adds to a script is printed when the next one is made.
  const [newest = ''] = (await names()).filter((name) => name.endsWith('_change'));
  await edit(
    `migrations/${newest}/migration.sql`,
    (text) => `${text}\nALTER TABLE "api_keys" ADD CONSTRAINT "colour_check" CHECK ("colour" <> '');\n`,
  );
  expect(await make('again')).toEqual({ script: '-- By hand: what is in no file.\n', problem: null });
  expect(await readFile(join(prisma, 'by-hand.sql'), 'utf8')).toContain(
    "ADD CONSTRAINT colour_check\n  CHECK ((colour <> ''::text));",
  );
}, 120_000);

it('writes nothing when a file cannot be loaded, and says which', async () => {
  const before = await names();
  await edit('schema.prisma', (text) => text.replace(/^model ApiKey \{\n/m, '$&  colour String?\n'));
  await edit('functions/iso_text.sql', (text) => text.replace('to_char', 'to_chars'));
  await expect(make('broken')).rejects.toThrow(
    /^prisma\/functions\/iso_text\.sql: function to_chars\(.*\) does not exist$/,
  );
  expect(await names()).toEqual(before);
  expect(await readFile(join(prisma, 'migrations/schema.prisma'), 'utf8')).not.toContain('colour');
});

it('says why a script must be completed by hand', async () => {
  await edit('functions/provider_environment.sql', (text) => text.replace('RETURNS text', 'RETURNS varchar'));
  const { script, problem } = await make('default');
  expect(problem).toMatch(
    /_default failed and has changed nothing: cannot drop function provider_environment\(\) because other objects depend/,
  );
  expect(script).toContain('DROP FUNCTION provider_environment();');
});

it('writes the change of the tables also when functions stand in its way', async () => {
  await edit('schema.prisma', (text) => text.replace(/^ {2}UNCERTAIN\n/m, ''));
  const { script, problem } = await make('tables');
  expect(problem).toMatch(
    /^the tables cannot be changed in this way: operator does not exist: "GenerationStatus_new"/,
  );
  expect(script).toContain('CREATE TYPE "GenerationStatus_new"');
});
