import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { entryColumns, hashOf, type StoredEntry } from '../../../src/features/verification/audit-hash.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function write(details: string, action = 'PROJECT_UPDATED'): Promise<StoredEntry> {
  const [user, key] = [randomUUID(), randomUUID()];
  await database.query(
    `INSERT INTO audit_entries (project_id, sequence, actor_kind, user_id, api_key_id, action, target_type, target_id, details,
       previous_hash, hash)
     VALUES ($1, 0, 'API_KEY', $2, $3, $4, 'Project', $1, $5, '', '')`,
    [randomUUID(), user, key, action, details],
  );
  const [row] = await database.query(`SELECT ${entryColumns} FROM audit_entries WHERE user_id = $1`, [user]);
  return row as unknown as StoredEntry;
}

// Whatever the database's function hashes is hashed here in the same way.
it.each([
  '{}',
  '{"a": 1.50, "b": 1e30, "c": -0.0, "d": 12345678901234567890}',
  '{"bb": [1, {"z": null, "a": true}], "a": ""}',
  '{"text": "\\u0001 \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u007f \\u2028 \\ud83d\\ude00 é"}',
])('hashes as the trigger does: %s', async (details) => {
  const entry = await write(details, 'Ä "quoted" \\ \u0001 \u007f \u2028 😀');
  expect(hashOf(entry)).toBe(entry.hash);
});

it('depends on every column', async () => {
  const entry = await write('{"a": 1}');
  const names = Object.keys(entry).filter((name) => name !== 'hash');
  expect(names).toHaveLength(11);
  for (const name of names) expect(hashOf({ ...entry, [name]: '7' })).not.toBe(entry.hash);
  for (const name of ['userId', 'apiKeyId']) expect(hashOf({ ...entry, [name]: null })).not.toBe(entry.hash);
});
