import type { Session } from '../migrations/session.ts';

const header = `-- What the tables have that schema.prisma cannot say: CHECK and EXCLUDE constraints, indexes with a condition or an
-- expression, and how rows are stored. Printed from the migrated database by \`npm run migration\`, and applied by nothing:
-- a change belongs into a migration.
`;

const statements = {
  constraints: `SELECT format(E'ALTER TABLE %s ADD CONSTRAINT %I\\n  %s;', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS line
    FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND contype IN ('c', 'x')`,
  indexes: `SELECT pg_get_indexdef(indexrelid) || ';' AS line
    FROM pg_index JOIN pg_class c ON c.oid = indrelid
    WHERE relnamespace = current_schema()::regnamespace AND (indpred IS NOT NULL OR indexprs IS NOT NULL OR indnullsnotdistinct)`,
  storage: `SELECT format('ALTER TABLE %s SET %s;', oid::regclass, setting) AS line
    FROM pg_class, unnest(ARRAY[CASE relpersistence WHEN 'u' THEN 'UNLOGGED' END, '(' || array_to_string(reloptions, ', ') || ')']) setting
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND setting IS NOT NULL`,
};

/** The text of `prisma/by-hand.sql`: the parts of a migrated database that are in no other file. */
export async function printByHand(session: Session): Promise<string> {
  const parts = [header];
  for (const statement of Object.values(statements)) {
    const { rows } = await session.query<{ line: string }>(statement);
    parts.push(
      rows
        .map(({ line }) => `${line}\n`)
        .sort()
        .join(''),
    );
  }
  return parts.join('\n');
}
