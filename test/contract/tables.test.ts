import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { printByHand } from '../../src/platform/db/definitions/print-by-hand.ts';
import { openSession } from '../../src/platform/db/migrations/session.ts';
import { withSchemaEngine } from '../../src/platform/db/schema-engine.ts';
import { createTestDatabase, empty, type TestDatabase } from '../support/database.ts';

const byHand = readFileSync('prisma/by-hand.sql', 'utf8');

/** The tables that `prisma/schema.prisma` describes, made without a migration. */
async function createDescribed(): Promise<TestDatabase> {
  const database = await createTestDatabase(empty);
  const files = [{ path: 'schema.prisma', content: readFileSync('prisma/schema.prisma', 'utf8') }];
  const { stdout } = await withSchemaEngine(database.url, (engine) =>
    engine.diff({
      from: { tag: 'empty' },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    }),
  );
  // Defaults of columns call it.
  await database.query(
    "CREATE FUNCTION provider_environment() RETURNS text LANGUAGE sql AS 'SELECT NULL::text'",
  );
  await database.query(stdout ?? '');
  return database;
}

/** Of each kind one line for each thing: what a schema file can say of a database. */
const statements = {
  columns: `SELECT format('%s.%s %s %s default %s', attrelid::regclass, attname, format_type(atttypid, atttypmod),
      CASE WHEN attnotnull THEN 'not null' ELSE 'null' END, coalesce(pg_get_expr(adbin, adrelid), 'none')) AS line
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> '_prisma_migrations'
      AND attnum > 0 AND NOT attisdropped`,
  // A value that was added later stands last in the database.
  enums: `SELECT format('%s: %s', enumtypid::regtype, string_agg(enumlabel, ', ' ORDER BY enumlabel)) AS line
    FROM pg_enum JOIN pg_type t ON t.oid = enumtypid WHERE typnamespace = 'public'::regnamespace GROUP BY enumtypid`,
  keys: `SELECT format('%s.%s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS line FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f')
      AND conrelid <> coalesce(to_regclass('_prisma_migrations'), 0)`,
  indexes: `SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'`,
};

async function linesOf(database: TestDatabase, kind: keyof typeof statements): Promise<string[]> {
  return (await database.query(statements[kind])).map(({ line }) => String(line)).sort();
}

let migrated: TestDatabase;
beforeAll(async () => {
  migrated = await createTestDatabase();
});
afterAll(() => migrated.drop());

it('prisma/by-hand.sql is what the migrated tables have beyond the schema file; `npm run migration` prints it', async () => {
  const session = await openSession(migrated.url);
  try {
    expect(await printByHand(session)).toBe(byHand);
  } finally {
    await session.end();
  }
});

it('all else of the migrated tables is what prisma/schema.prisma says', async () => {
  const described = await createDescribed();
  try {
    for (const kind of ['columns', 'enums', 'keys'] as const)
      expect(await linesOf(migrated, kind)).toEqual(await linesOf(described, kind));
    const [all, schema] = [await linesOf(migrated, 'indexes'), await linesOf(described, 'indexes')];
    expect(all.filter((index) => !byHand.includes(`\n${index};\n`))).toEqual(schema);
  } finally {
    await described.drop();
  }
});
