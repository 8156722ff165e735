import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { sharedRead } from '../../../src/platform/db/shared-read.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url);
  await db.setting.createMany({ data: ['a', 'b', 'c'].map((name) => ({ name, value: `${name}1` })) });
});
afterAll(async () => {
  await db.$disconnect();
  await database.drop();
});

/** A read of settings whose answer comes late, and what it was asked for each time. */
function slowRead() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked: string[][] = [];
  const hasRead = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const read = sharedRead('settings', async (of, names: readonly string[]) => {
    const place = asked.push([...names]) - 1;
    const rows = await of.setting.findMany({ where: { name: { in: [...names] } } });
    hasRead[place]?.resolve();
    await promise;
    return names.map((name) => rows.find((row) => row.name === name)?.value ?? null);
  });
  const twoHaveRead = Promise.all(hasRead.map((each) => each.promise));
  return { read, asked, twoHaveRead, answer: resolve };
}

it('who asks while two are on their way shares the third, and each gets their own', async () => {
  const { read, asked, answer } = slowRead();
  const names = ['a', 'b', 'c', 'none', 'a'];
  const values = Promise.all(names.map((name) => read(db, name)));
  answer();
  expect(await values).toEqual(['a1', 'b1', 'c1', null, 'a1']);
  expect(asked).toEqual([['a'], ['b'], ['c', 'none', 'a']]);
});

it('is no cache: what changed before somebody asked is seen by them', async () => {
  const { read, twoHaveRead, answer } = slowRead();
  const early = [read(db, 'a'), read(db, 'a')];
  await twoHaveRead;
  await db.setting.update({ where: { name: 'a' }, data: { value: 'a2' } });
  const late = read(db, 'a');
  answer();
  expect(await Promise.all(early)).toEqual(['a1', 'a1']);
  expect(await late).toBe('a2');
});

it('keeps databases apart', async () => {
  const { read, answer, asked } = slowRead();
  const other = connectDatabase(database.url);
  const values = [read(db, 'b'), read(db, 'b'), read(other, 'b')];
  expect(asked).toHaveLength(3);
  answer();
  expect(await Promise.all(values)).toEqual(['b1', 'b1', 'b1']);
  await other.$disconnect();
});
