import type pg from 'pg';

/** The value of a row of the table `settings`; null when there is no such row. */
export async function readSetting(
  client: Pick<pg.ClientBase, 'query'>,
  name: string,
): Promise<string | null> {
  const { rows } = await client.query<{ value: string }>('SELECT value FROM settings WHERE name = $1', [
    name,
  ]);
  return rows[0]?.value ?? null;
}

/** Writes a row of the table `settings`, or replaces its value. */
export async function writeSetting(
  client: Pick<pg.ClientBase, 'query'>,
  name: string,
  value: string,
): Promise<void> {
  await client.query(
    'INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    [name, value],
  );
}
