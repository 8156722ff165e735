import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { createDatabaseClock } from '../../../src/platform/db/database-clock.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

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

it('tells the time of the database, whatever the host believes', async () => {
  const clock = createDatabaseClock(db);
  const [row] = await database.query('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms');
  // A statement's way there and back, on a busy machine.
  expect(Math.abs((await clock()) - Number(row?.ms))).toBeLessThan(5_000);
});

it('asks once in a while, counts on from there, and asks again after a failure', async () => {
  let time = 0;
  let asked = 0;
  let isBroken = true;
  const answers = new Proxy(db, {
    get(target, name, receiver) {
      if (name !== '$queryRaw') return Reflect.get(target, name, receiver);
      asked += 1;
      return async () => {
        if (isBroken) throw new Error('no database');
        return [{ ms: 1_000_000 + time }];
      };
    },
  });
  const clock = createDatabaseClock(answers, () => time);
  await expect(clock()).rejects.toThrow('no database');
  isBroken = false;
  expect(await Promise.all([clock(), clock(), clock()])).toEqual([1_000_000, 1_000_000, 1_000_000]);
  time = 50_000;
  expect(await clock()).toBe(1_050_000);
  expect(asked).toBe(2);
  time = 61_000;
  expect(await clock()).toBe(1_061_000);
  expect(asked).toBe(3);
});
