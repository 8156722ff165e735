import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createObservedTimes } from '../../../src/features/prices/observed-times.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { readConfig } from '../../../src/settings/config.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const config = readConfig({});
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

const observe = (shape: string, seconds: (number | null)[]) =>
  db.priceObservation.createMany({
    data: seconds.map((each) => ({ model: 'm', shape, outputs: 1, seconds: each, source: 'PROVIDER' })),
  });

it('tells from when to when such runs have ended, and nothing from too few', async () => {
  await observe('many', [40, 41, 42, 43, 60, null]);
  await observe('few', [40, 41, 42, 43]);
  await observe('silent', [null, null, null, null, null, null]);
  const times = createObservedTimes({ db, config });
  expect(await times('m', 'many')).toEqual({ seconds5: 40, seconds95: 60 });
  expect(await times('m', 'few')).toBeNull();
  expect(await times('m', 'silent')).toBeNull();
  expect(await times('other', 'many')).toBeNull();
});

it('three thousand runs that ask are one look, and a look that fails is not kept', async () => {
  let looks = 0;
  let isBroken = true;
  const counting = new Proxy(db, {
    get(target, name, receiver) {
      if (name !== '$queryRaw') return Reflect.get(target, name, receiver);
      looks += 1;
      if (isBroken) return () => Promise.reject(new Error('no database'));
      return target.$queryRaw.bind(target);
    },
  });
  const times = createObservedTimes({ db: counting, config });
  await expect(times('m', 'many')).rejects.toThrow('no database');
  isBroken = false;
  const found = await Promise.all(Array.from({ length: 3_000 }, () => times('m', 'many')));
  expect(found).toHaveLength(3_000);
  expect(looks).toBe(2);
});
