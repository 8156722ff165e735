import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { auditLogOfProject } from '../../../src/features/audit/audit-entry.view.ts';
import {
  generationsOfCharacter,
  generationsOfProject,
} from '../../../src/features/generations/generation.view.ts';
import type { Condition } from '../../../src/platform/reads/condition.ts';
import { countRows } from '../../../src/platform/reads/count.ts';
import { openReader, type Reader } from '../../../src/platform/reads/reader.ts';
import { Dramatis } from '../../support/dramatis.ts';
import { fillLibrary, type Library } from '../../support/library.ts';

let dramatis: Dramatis;
let library: Library;
let reader: Reader;
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { ROLE: 'api' } });
});
afterAll(() => dramatis.stop());

/* Each test has a process of its own, which has counted nothing. */
beforeEach(async () => {
  library = await fillLibrary(dramatis.database);
  reader = openReader(dramatis.database.url);
});
afterEach(() => reader.close());

const count = async (conditions: readonly Condition[] = []) =>
  (await countRows(reader, generationsOfProject, [library.projectId], conditions))[0] ?? 0;

/** Changes runs without the triggers, which would keep the books. */
const change = (statement: string, values: unknown[] = [library.projectId]) =>
  dramatis.database.query(statement, values);

const addRun = (at: string, status = 'CANCELED') =>
  change(
    `INSERT INTO generations (id, project_id, character_id, request_hash, model, model_version, parameters, "references", seed,
       wakeup_id, hold_micros, requested_at, status, finished_at, cost_micros, cost_source)
     SELECT gen_random_uuid(), $1::uuid, $2::uuid, repeat('0', 64), 'm', '1', '{}', '[]', 1, gen_random_uuid(), 1, ${at},
       '${status}'::"GenerationStatus", CASE '${status}' WHEN 'CANCELED' THEN now() END,
       CASE '${status}' WHEN 'CANCELED' THEN 0 END, CASE '${status}' WHEN 'CANCELED' THEN 'NOT_SUBMITTED' END`,
    [library.projectId, library.characterIds[0]],
  );

const withStatus = (...statuses: string[]): Condition[] => [
  { column: 'status', type: '"GenerationStatus"', oneOf: statuses, isMutable: true },
];

it('a second count adds new runs to what was counted', async () => {
  const before = await count();
  expect(before).toBeGreaterThan(50);
  expect(await count()).toBe(before);
  await addRun('now()');
  await addRun("now() - interval '59 minutes'");
  expect(await count()).toBe(before + 2);
  expect(await count()).toBe(before + 2);
});

it('what is settled is not counted again, so an old run that no server adds is not seen', async () => {
  const before = await count();
  await addRun("'2026-03-02Z'");
  expect(await count()).toBe(before);
  // Another process has counted nothing, and sees it.
  const other = openReader(dramatis.database.url);
  expect(await countRows(other, generationsOfProject, [library.projectId], [])).toEqual([before + 1]);
  await other.close();
});

it('is right in a project that is being removed', async () => {
  const before = await count();
  await change('UPDATE projects SET deleting_at = now() WHERE id = $1');
  await addRun("'2026-03-02Z'");
  expect(await count()).toBe(before + 1);
  await change('UPDATE projects SET deleting_at = NULL WHERE id = $1');
});

it('counts again when the table was made again, as in a restored database', async () => {
  const before = await count();
  await addRun("'2026-03-02Z'");
  expect(await count()).toBe(before);
  await dramatis.database.query(`BEGIN; CREATE TABLE restored (LIKE generations INCLUDING ALL);
    INSERT INTO restored SELECT * FROM generations; ALTER TABLE generations RENAME TO lost;
    ALTER TABLE restored RENAME TO generations; COMMIT`);
  expect(await count()).toBe(before + 1);
  await dramatis.database.query(
    'BEGIN; DROP TABLE generations; ALTER TABLE lost RENAME TO generations; COMMIT',
  );
});

it('statuses are settled before the oldest run that has not ended', async () => {
  const open = withStatus('QUEUED', 'UNCERTAIN');
  await addRun("'2025-12-01Z'");
  await addRun("'2026-01-01Z'", 'QUEUED');
  const [canceled, waiting] = [await count(withStatus('CANCELED')), await count(open)];
  await change(
    `UPDATE generations SET status = 'CANCELED', finished_at = now(), cost_micros = 0, cost_source = 'NOT_SUBMITTED'
     WHERE project_id = $1 AND status = 'QUEUED' AND requested_at = '2026-01-01Z'`,
  );
  expect([await count(withStatus('CANCELED')), await count(open)]).toEqual([canceled + 1, waiting - 1]);
});

it('each parent and each condition has its own number', async () => {
  const [one = '', other = ''] = library.characterIds.slice(4);
  const batch: Condition = { sql: (place) => `t."batch" = ${place}::text`, value: 'Cover' };
  const ask = (conditions: Condition[]) =>
    countRows(reader, generationsOfCharacter, [one, other], conditions);
  const [all, some] = [await ask([]), await ask([batch])];
  expect(all).toEqual([7, 7]);
  expect(some).toEqual([1, 1]);
  expect([await ask([]), await ask([batch])]).toEqual([all, some]);
});

it('keeps the number of the entries of an audit log', async () => {
  const add = () =>
    change(
      `INSERT INTO audit_entries (project_id, sequence, actor_kind, action, target_type, target_id, previous_hash, hash)
       SELECT $1, 0, 'ADMIN', 'API_KEY_CREATED', 'ApiKey', gen_random_uuid(), '', '' FROM generate_series(1, 3)`,
    );
  const countLog = async () => (await countRows(reader, auditLogOfProject, [library.projectId], []))[0] ?? 0;
  await add();
  const before = await countLog();
  await add();
  expect(await countLog()).toBe(before + 3);
  // Nothing removes an entry. If something did, the kept number would not show it.
  await change(
    `BEGIN; SET LOCAL session_replication_role = replica;
     DELETE FROM audit_entries WHERE project_id = '${library.projectId}' AND sequence = 1; COMMIT`,
    [],
  );
  expect(await countLog()).toBe(before + 3);
});
