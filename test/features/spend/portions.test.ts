import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cell } from '../../../src/features/spend/portions.ts';
import { readGenerations } from '../../../src/features/spend/read-generations.ts';
import { readLedger } from '../../../src/features/spend/read-ledger.ts';
import { readSpend } from '../../../src/features/spend/read-spend.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { openReader, type Reader, type Statement } from '../../../src/platform/reads/reader.ts';
import { createSegmind } from '../../../src/platform/segmind/segmind.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { insertRun } from '../../support/ended-runs.ts';

let database: TestDatabase;
let db: Database;
let reader: Reader;
let asked: Statement[] = [];
const projects = [randomUUID(), randomUUID()].sort();
const [one = '', other = ''] = projects;
/** The environment of a database that no server has used. */
const segmind = createSegmind({
  apiKey: 'test',
  baseUrl: 'http://127.0.0.1:1',
  uploadUrl: 'http://127.0.0.1:1',
  maxOutputBytes: 1,
  environment: '',
});

beforeAll(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url);
  const opened = openReader(database.url);
  reader = {
    ...opened,
    readEach(statement, take) {
      asked.push(statement);
      return opened.readEach(statement, take);
    },
  };
  for (const projectId of projects) {
    await database.query("INSERT INTO projects (id, name) VALUES ($1, 'Export')", [projectId]);
    for (let place = 0; place < 3; place += 1) {
      const characterId = randomUUID();
      await database.query("INSERT INTO characters (id, project_id, name) VALUES ($1, $2, 'Mara')", [
        characterId,
        projectId,
      ]);
      // Two runs of each character at one moment, and others a day later, with and without a user.
      for (const more of [
        { requestedAt: '2026-03-01T12:00:00.001Z' },
        { requestedAt: '2026-03-01T12:00:00.001Z', userId: randomUUID(), seconds: 7 },
        { requestedAt: '2026-03-02T00:00:00Z', model: 'another', seconds: 0.1 + place },
        { requestedAt: '2026-03-02T00:00:00Z', status: 'FAILED' as const, costMicros: 0 },
      ])
        await insertRun(database, { projectId, characterId, ...more });
    }
  }
});
afterAll(async () => {
  await reader.close();
  await db.$disconnect();
  await database.drop();
});

const exports = { spend: readSpend, ledger: readLedger, generations: readGenerations };
type Name = keyof typeof exports;

/** All rows of an export, and the number of portions in which they were read. */
async function rowsOf(name: Name, portion: number, projectId = one) {
  asked = [];
  const rows: (readonly Cell[])[] = [];
  const span = { ...spanOf(rows, portion), projectId };
  for await (const _ of exports[name]({ db, segmind, reader }, span));
  return { rows, portions: asked.length };
}

function spanOf(rows: (readonly Cell[])[], portion: number) {
  const write = (row: readonly Cell[]) => {
    rows.push(row);
    return '';
  };
  return { from: new Date('2026-03-01'), to: new Date('2026-03-02'), portion, write };
}

describe.each<[Name, RegExp]>([
  // The columns before the day are equal in all rows of a read. A comparison that repeats them reads all rows before.
  ['spend', /Index Cond: .*\(ROW\(day, model, character_id, user_id, api_key_id, status\) >/],
  ['ledger', /Index Cond: .*\(id > /],
  ['generations', /Index Cond: .*\(ROW\(requested_at, id\) >/],
])('the export of %s', (name, condition) => {
  it.each([1, 2, 5])('has the same rows in the same order when it is read by %i', async (portion) => {
    const whole = await rowsOf(name, 1_000);
    expect(whole.portions).toBe(1);
    expect(whole.rows.length).toBeGreaterThanOrEqual(12);
    const read = await rowsOf(name, portion);
    expect(read.rows).toEqual(whole.rows);
    expect(read.portions).toBe(Math.floor(whole.rows.length / portion) + 1);
  });

  it('begins each portion at the last row of the one before, and skips none to find it', async () => {
    await rowsOf(name, 2);
    const plan = await explain(asked.at(-2));
    expect(plan).toMatch(condition);
    expect(plan).not.toMatch(/Rows Removed by Filter/);
  });
});

/** The plan of a statement, executed on a session that prefers indexes, because the tables are small. */
async function explain(statement: Statement | undefined): Promise<string> {
  if (!statement) throw new Error('the export has too few portions');
  const opened = openReader(database.url, { maxConnections: 1 });
  try {
    await opened.read({ text: "SELECT set_config('enable_seqscan', 'off', false)", values: [] });
    await opened.read({ text: "SELECT set_config('enable_sort', 'off', false)", values: [] });
    const { text, values } = statement;
    const rows = await opened.read({ text: `EXPLAIN (ANALYZE, COSTS OFF) ${text}`, values });
    return rows.join('\n');
  } finally {
    await opened.close();
  }
}

it('the export of the spend of all projects has each project, one after another', async () => {
  const rows: (readonly Cell[])[] = [];
  for await (const _ of readSpend({ db, reader }, { ...spanOf(rows, 2), projectId: null }));
  const [first, second] = [await rowsOf('spend', 1_000, one), await rowsOf('spend', 1_000, other)];
  expect(rows).toEqual([...first.rows, ...second.rows]);
});
