import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  compareDefinitions,
  describeDifferences,
} from '../../../../src/platform/db/definitions/compare-definitions.ts';
import { loadDefinitions } from '../../../../src/platform/db/definitions/load-definitions.ts';
import { readDefinitions } from '../../../../src/platform/db/definitions/read-definitions.ts';
import { openSession, type Session } from '../../../../src/platform/db/migrations/session.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';

let prisma: string;
let database: TestDatabase;
let session: Session;
beforeEach(async () => {
  prisma = await mkdtemp(join(tmpdir(), 'dramatis-definitions-'));
  await cp('prisma', prisma, { recursive: true });
  database = await createTestDatabase();
  session = await openSession(database.url);
});
afterEach(async () => {
  await session.end();
  await database.drop();
  await rm(prisma, { recursive: true, force: true });
});

async function edit(file: string, change: (text: string) => string): Promise<void> {
  const path = join(prisma, file);
  const before = await readFile(path, 'utf8');
  expect(change(before)).not.toBe(before);
  await writeFile(path, change(before));
}
const add = (file: string, text: string) => writeFile(join(prisma, file), text);

/** What differs between the migrated database and the files as they are now. */
async function differences(): Promise<string[]> {
  const held = await readDefinitions(session);
  return describeDifferences(compareDefinitions(held, await loadDefinitions(session, prisma)));
}

describe('a difference names its file', () => {
  it('when a function, a trigger or a view was changed', async () => {
    await edit('functions/iso_text.sql', (text) => text.replace('HH24:MI:SS.MS', 'HH24:MI:SS.US'));
    await edit('triggers/keep_slot.sql', (text) => text.replace('WHEN (NEW."status" <> OLD."status") ', ''));
    await edit('views/live_api_keys.sql', (text) => text.replace('> now()', '>= now()'));
    expect(await differences()).toEqual([
      'prisma/functions/iso_text.sql: FUNCTION iso_text(timestamp with time zone) differs from that of the migrated database',
      'prisma/views/live_api_keys.sql: VIEW live_api_keys differs from that of the migrated database',
      'prisma/triggers/keep_slot.sql: TRIGGER generations_keep_slot ON generations differs from that of the migrated database',
    ]);
  });

  it('when one was added or removed', async () => {
    await add(
      'functions/twice.sql',
      '-- Two.\nCREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS $$ SELECT 2 * n $$;\n',
    );
    await rm(join(prisma, 'triggers/tell_budget_alert.sql'));
    await rm(join(prisma, 'views/live_api_keys.sql'));
    expect(await differences()).toEqual([
      'prisma/functions/twice.sql: FUNCTION twice(integer) is not in the migrated database',
      'prisma/triggers/tell_budget_alert.sql: FUNCTION tell_budget_alert() is in the migrated database, but in no file',
      'prisma/triggers/tell_budget_alert.sql: TRIGGER budget_alerts_tell ON budget_alerts is in the migrated database, but in no file',
      'prisma/views/live_api_keys.sql: VIEW live_api_keys is in the migrated database, but in no file',
    ]);
  });

  it('but spaces and quotes outside of a body are none', async () => {
    await edit('functions/iso_text.sql', (text) =>
      text.replace('FUNCTION "iso_text"(', 'FUNCTION  iso_text( '),
    );
    expect(await differences()).toEqual([]);
  });
});

describe('a file is refused', () => {
  const refuses = (told: RegExp) => expect(loadDefinitions(session, prisma)).rejects.toThrow(told);

  it('that is not the place of what it defines', async () => {
    await rename(join(prisma, 'functions/iso_text.sql'), join(prisma, 'functions/iso.sql'));
    await refuses(
      /^prisma\/functions\/iso\.sql: FUNCTION iso_text\(.*\) belongs to prisma\/functions\/iso_text\.sql$/,
    );
  });

  it('that defines what is defined already', async () => {
    await edit('functions/iso_text.sql', (text) => `${text}\n${text.replace(/^--.*\n/gm, '')}`);
    await refuses(/^prisma\/functions\/iso_text\.sql: a statement defines what is defined already$/);
  });

  it('that has no comment, or a statement that cannot be repeated', async () => {
    await edit('functions/iso_text.sql', (text) => text.replace(/^--.*\n/gm, ''));
    await refuses(/^prisma\/functions\/iso_text\.sql: a file is a comment, and/);
    await add(
      'functions/iso_text.sql',
      '-- None.\nCREATE FUNCTION iso_text() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;\n',
    );
    await refuses(/^prisma\/functions\/iso_text\.sql: a file is a comment, and/);
  });

  it('whose body names what is not there, also when it is only called later', async () => {
    await edit('functions/needs_approval.sql', (text) => text.replace('FROM projects p', 'FROM project p'));
    await refuses(/^prisma\/functions\/needs_approval\.sql: relation "project" does not exist$/);
  });
});
