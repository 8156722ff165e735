import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { findAnswered } from '../../../src/features/requests/idempotency.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { holdRun, newPlace } from '../../support/runs.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url);
});
afterAll(async () => {
  await db.$disconnect();
  await database.drop();
});

const requestHash = '0'.repeat(64);
const answeredIn = async (projectId: string, characterId: string, idempotencyKey: string) => {
  const id = await holdRun(db, { projectId, characterId }, 1n);
  await db.generation.update({ where: { id }, data: { idempotencyKey, environment: '' } });
  return id;
};

it('of many keys that are looked up together each finds its own run, and one that is new finds none', async () => {
  const [one, two] = [await newPlace(db), await newPlace(db)];
  const asked = [
    { ...one, key: 'a' },
    { ...one, key: 'b' },
    { ...two, key: 'a' },
    { ...one, key: 'new' },
    { ...two, key: 'c' },
    { ...one, key: 'c' },
  ];
  const ids: (string | null)[] = [];
  for (const { projectId, characterId, key } of asked)
    ids.push(key === 'new' ? null : await answeredIn(projectId, characterId, key));
  const found = await Promise.all(
    asked.map(({ projectId, key }) => findAnswered({ db }, { projectId, idempotencyKey: key, requestHash })),
  );
  expect(found.map((run) => run?.id ?? null)).toEqual(ids);
});

it('a key that was used for another request is refused, and those that are looked up with it are not', async () => {
  const { projectId, characterId } = await newPlace(db);
  const id = await answeredIn(projectId, characterId, 'used');
  const ask = (idempotencyKey: string, hash = requestHash) =>
    findAnswered({ db }, { projectId, idempotencyKey, requestHash: hash }).then(
      (run) => run?.id ?? null,
      (error: { code: string }) => error.code,
    );
  expect(
    await Promise.all([
      ask('unused'),
      ask('used'),
      ask('used', '1'.repeat(64)),
      ask('unused', '1'.repeat(64)),
      ask('used'),
    ]),
  ).toEqual([null, id, 'IDEMPOTENCY_KEY_REUSED', null, id]);
});
