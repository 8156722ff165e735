import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type GraphQLObjectType, isObjectType } from 'graphql';
import { type ColumnOf, columns, columnsOf } from '../../../../src/features/generations/columns/columns.ts';
import { readRow, writeColumns } from '../../../../src/features/generations/columns/statement.ts';
import {
  type GenerationRow,
  readProgress,
  writeProgress,
} from '../../../../src/features/generations/progress.ts';
import { tables } from '../../../../src/platform/reads/generated/tables.ts';
import { Reading } from '../../../../src/platform/reads/reading.ts';
import { createSchema } from '../../../../src/server/schema.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** A row in which no column is null, and no two have the same text. */
function fullRow(): GenerationRow {
  const samples = {
    TEXT: randomUUID,
    TEXTS: () => [],
    BOOLEAN: () => true,
    INTEGER: () => 7,
    FLOAT: () => 1.5,
    BIGINT: () => 85_000n,
    MOMENT: () => new Date('2026-11-28T12:00:00.123Z'),
    JSON: () => [],
  };
  const values = Object.entries(tables.Generation.columns).map(([name, { holds }]) => [
    name,
    samples[holds](),
  ]);
  return { ...Object.fromEntries(values), status: 'FAILED' };
}

/** The columns of some kinds by the table's names. */
function tableNames(...kinds: Parameters<typeof columnsOf>[0][]): string[] {
  return kinds.flatMap((kind) => columnsOf(kind)).map((name) => tables.Generation.columns[name].name);
}

async function sourceOf(name: string): Promise<string> {
  const [found] = await database.query(
    "SELECT prosrc FROM pg_proc WHERE proname = $1 AND pronamespace = 'public'::regnamespace",
    [name],
  );
  return String(found?.prosrc);
}

/** The names in a list of columns. */
const namesIn = (list = '') => list.split(',').map((name) => name.trim().replaceAll('"', ''));

describe('what SQL says of the columns of a run', () => {
  it('inserts each column that was asked for, and those that the database makes', async () => {
    const [, list] = /INSERT INTO generations \(([^)]*)\)/.exec(await sourceOf('request_generation')) ?? [];
    const first = ['status', 'wakeup_id', 'holds_slot'];
    expect(namesIn(list).sort()).toEqual([...tableNames('REQUEST', 'INSERT'), ...first].sort());
  });

  it('moves each column that changes with moves, and says why the run waits', async () => {
    const [, list] = /UPDATE generations g SET \(([^)]*)\) =/.exec(await sourceOf('move_generation')) ?? [];
    const waiting = ['waiting_for', 'waiting_since'];
    expect(namesIn(list).sort()).toEqual([...tableNames('PROGRESS', 'INTERNAL'), ...waiting].sort());
  });

  it('keeps the same progress in an event as TypeScript does', async () => {
    const row = fullRow();
    const changing = Object.fromEntries(columnsOf('PROGRESS').map((name) => [name, row[name]]));
    const [written] = await database.query(
      'SELECT generation_progress(jsonb_populate_record(NULL::generations, $1)) AS progress',
      [JSON.stringify(writeColumns(changing))],
    );
    expect(written?.progress).toEqual(writeProgress(row));
  });

  it('never changes what was asked for, nor what the database made of it', async () => {
    const functions = await database.query(
      `SELECT proname AS function, prosrc AS source, p.oid IN (
         SELECT tgfoid FROM pg_trigger WHERE tgrelid = 'generations'::regclass) AS "isTrigger"
       FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
       WHERE pronamespace = 'public'::regnamespace AND lanname IN ('sql', 'plpgsql')`,
    );
    const changes = functions.flatMap(({ function: name, source, isTrigger }) => {
      const text = String(source);
      const updates = [...text.matchAll(/UPDATE generations(?: \w+)? SET (.*?)(?: FROM | WHERE |;)/gs)];
      const updated = updates.flatMap(([, list = '']) => list.match(/\b[a-z_]+(?= =|,|\n)/g) ?? []);
      const assigned = isTrigger ? [...text.matchAll(/NEW\.(\w+) :=/g)].map(([, column]) => column) : [];
      return [...updated, ...assigned].map((column) => `${name} ${column}`);
    });
    // Each way to change one was understood.
    expect(changes).toEqual(
      expect.arrayContaining([
        'admit_generation holds_slot',
        'move_generation cost_micros',
        'keep_slot holds_slot',
      ]),
    );
    const fixed = tableNames('REQUEST', 'INSERT');
    expect(changes.filter((each) => fixed.includes(each.split(' ')[1] ?? ''))).toEqual([]);
  });
});

describe('a run as it stood at an event', () => {
  it('has its progress from the event, and all else from the row', () => {
    const [then, now] = [fullRow(), fullRow()];
    const run = readProgress(now, writeProgress(then));
    for (const name of columnsOf('PROGRESS')) expect({ [name]: run[name] }).toEqual({ [name]: then[name] });
    for (const name of [...columnsOf('REQUEST'), ...columnsOf('INSERT')])
      expect({ [name]: run[name] }).toEqual({ [name]: now[name] });
  });

  it('is as in a new run where the event is older than a column', () => {
    const untouched = { isSlow: false, costMicros: null, submittedAt: null, outputProblems: [] };
    expect(readProgress(fullRow(), { status: 'QUEUED' })).toMatchObject(untouched);
  });

  it('refuses an event that says no status, or one of another form', () => {
    expect(() => readProgress(fullRow(), {})).toThrow(/status/);
    expect(() => readProgress(fullRow(), { status: 'QUEUED', costMicros: 'much' })).toThrow(/costMicros/);
  });
});

describe('a run in statements', () => {
  it('is read back as it was written, and knows no other columns', async () => {
    const row = fullRow();
    expect(readRow(writeColumns({ seed: 7n, modelVersion: '1' }))).toEqual({ seed: '7', modelVersion: '1' });
    expect(Object.keys(writeColumns(row))).toEqual(
      Object.values(tables.Generation.columns).map(({ name }) => name),
    );
    expect(() => writeColumns({ model_version: '1' } as object)).toThrow(
      'A run has no column model_version.',
    );
    expect(() => readRow({ modelVersion: '1' })).toThrow('A run has no column modelVersion.');
  });
});

/** Fields that are read by resolvers of their own, and the columns that those look at. */
const byResolvers: Readonly<Record<string, ColumnOf<'REQUEST'>>> = {
  requestedBy: 'userId',
  requestedWith: 'apiKeyId',
};

function columnsReadBy(type: GraphQLObjectType): Set<string> {
  const names = Object.values(type.getFields()).flatMap(({ name, extensions: { read } }) => {
    if (!(read instanceof Reading)) return byResolvers[name] ?? name;
    const { description } = read;
    if (description.kind === 'GLOBAL_ID') return 'id';
    if (description.kind === 'COLUMN') return description.name;
    if (description.kind === 'MADE') return [...description.names];
    return description.kind === 'ROW' ? description.key : [];
  });
  return new Set(names);
}

it('each column of a run is told by a field of the API, unless it is hidden', async () => {
  const type = (await createSchema()).getType('Generation');
  const read = isObjectType(type) ? columnsReadBy(type) : new Set<string>();
  const isShown = (name: ColumnOf<'REQUEST' | 'PROGRESS'>) => {
    const column = columns[name];
    return column.kind === 'PROGRESS' || column.isShown;
  };
  const told = [...columnsOf('REQUEST'), ...columnsOf('PROGRESS')];
  expect(told.filter((name) => read.has(name))).toEqual(told.filter(isShown));
});
