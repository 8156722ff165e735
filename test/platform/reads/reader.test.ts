import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isTransient } from '../../../src/platform/db/transient.ts';
import { isoTime } from '../../../src/platform/reads/moment.ts';
import { openReader, type Reader } from '../../../src/platform/reads/reader.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let reader: Reader;
beforeAll(async () => {
  database = await createTestDatabase();
  const [row] = await database.query('SELECT current_database() AS name');
  await database.query(`ALTER DATABASE ${row?.name} SET TimeZone = 'Asia/Tokyo'`);
  await database.query(`ALTER DATABASE ${row?.name} SET DateStyle = 'German'`);
  reader = openReader(database.url, { maxConnections: 1 });
});
afterAll(async () => {
  await reader.close();
  await database.drop();
});

const prepared = { text: 'SELECT count(*) FROM pg_prepared_statements', values: [] };

describe('a reader', () => {
  it('reads text as Postgres has it, in UTC whatever the database says', async () => {
    const rows = await reader.read({
      text: "SELECT 1, NULL, true, '2026-11-01 01:02:03.4+00'::timestamptz, ARRAY['a']",
      values: [],
    });
    expect(rows).toEqual([['1', null, 't', '2026-11-01 01:02:03.4+00', '{a}']]);
  });

  it('has the database remember what comes again and again, but no more than three hundred statements', async () => {
    for (let statement = 0; statement < 320; statement += 1) {
      for (let use = 0; use < 3; use += 1) await reader.read({ text: `SELECT ${statement}`, values: [] });
    }
    expect(await reader.read(prepared)).toEqual([['300']]);
  });

  it('hands over each row when it arrives, and fails as the caller does, without losing the connection', async () => {
    const seen: unknown[] = [];
    const statement = { text: 'SELECT generate_series(1, 3)', values: [] };
    await reader.readEach(statement, (row) => seen.push(row));
    expect(seen).toEqual([['1'], ['2'], ['3']]);
    const pid = { text: 'SELECT pg_backend_pid()', values: [] };
    const before = await reader.read(pid);
    const taken: unknown[] = [];
    const failing = reader.readEach(statement, (row) => {
      taken.push(row);
      throw new Error('not this one');
    });
    await expect(failing).rejects.toThrow('not this one');
    expect(taken).toHaveLength(1);
    expect(await reader.read(pid)).toEqual(before);
    await expect(reader.readEach({ text: 'SELECT 1 / 0', values: [] }, () => undefined)).rejects.toThrow(
      'zero',
    );
  });

  it('has nothing remembered whose plan depends on its values', async () => {
    const other = openReader(database.url, { maxConnections: 1 });
    for (let use = 0; use < 5; use += 1)
      await other.read({ text: 'SELECT $1::text', values: ['x'], isPlannedAnew: true });
    expect(await other.read(prepared)).toEqual([['0']]);
    await other.close();
  });
});

describe('a reader whose database stands still', () => {
  it('gives up in time, and goes on with another connection', async () => {
    const other = openReader(database.url, { maxConnections: 1, timeoutMs: 500 });
    const [backend] = await other.read({ text: 'SELECT pg_backend_pid()', values: [] });
    const pid = Number(backend?.[0]);
    process.kill(pid, 'SIGSTOP');
    try {
      const failure: unknown = await other.read({ text: 'SELECT 1', values: [] }).catch((error) => error);
      expect(isTransient(failure)).toBe(true);
      expect(await other.read({ text: 'SELECT 2', values: [] })).toEqual([['2']]);
    } finally {
      process.kill(pid, 'SIGCONT');
      await other.close();
    }
  }, 20_000);
});

describe('a moment', () => {
  it.each([
    ['2026-11-01 01:02:03+00', '2026-11-01T01:02:03.000Z'],
    ['2026-11-01 01:02:03.4+00', '2026-11-01T01:02:03.400Z'],
    ['2026-11-01 01:02:03.04+00', '2026-11-01T01:02:03.040Z'],
    ['2026-11-01 01:02:03.123+00', '2026-11-01T01:02:03.123Z'],
  ])('%s is %s', (text, iso) => {
    expect(isoTime(text)).toBe(iso);
  });
});
