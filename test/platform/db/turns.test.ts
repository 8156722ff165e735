import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { createBounds, createTurns, sharedRead } from '../../../src/platform/db/turns.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { delay } from '../../support/delay.ts';

describe('bounds', () => {
  it('lets so much go on at a time, and so much of it for one key', async () => {
    const bounds = createBounds({ all: 6, each: 4 });
    const now = new Map<string, number>();
    let [most, mostOfOne] = [0, 0];
    const work = (key: string) => async () => {
      now.set(key, (now.get(key) ?? 0) + 1);
      most = Math.max(
        most,
        [...now.values()].reduce((sum, count) => sum + count),
      );
      mostOfOne = Math.max(mostOfOne, ...now.values());
      await delay(2);
      now.set(key, (now.get(key) ?? 0) - 1);
      return key;
    };
    const keys = Array.from({ length: 90 }, (_, index) => (index < 30 ? 'a' : index % 2 ? 'b' : 'c'));
    expect(await Promise.all(keys.map((key) => bounds.take(key, work(key))))).toEqual(keys);
    expect([most, mostOfOne]).toEqual([6, 4]);
  });

  it('a key with a thousand things to do holds up no other', async () => {
    const bounds = createBounds({ all: 4, each: 2 });
    const released = Promise.withResolvers<void>();
    const held = Array.from({ length: 1_000 }, () => bounds.take('many', () => released.promise));
    expect(await bounds.take('few', async () => 'served')).toBe('served');
    released.resolve();
    await Promise.all(held);
  });

  it('what fails gives its place back', async () => {
    const bounds = createBounds({ all: 1, each: 1 });
    const fail = () => Promise.reject(new Error('failed'));
    await expect(bounds.take('a', fail)).rejects.toThrow('failed');
    await expect(bounds.take('b', async () => 'served')).resolves.toBe('served');
  });
});

describe('turns', () => {
  /** As the pg adapter tells of a CHECK. */
  const refused = Object.assign(new Error('refused'), {
    meta: { driverAdapterError: { cause: { originalCode: '23514' } } },
  });

  /** Work that lasts until it is told to go on, and what it was called with. */
  function heldWork() {
    const { promise, resolve } = Promise.withResolvers<void>();
    const calls: number[][] = [];
    const work = async (items: readonly number[]) => {
      calls.push([...items]);
      await promise;
      return items.map((item) => item * 10);
    };
    return { calls, work, goOn: resolve };
  }

  it('those who wait share the next turn, in the order in which they came; no more than may', async () => {
    const { calls, work, goOn } = heldWork();
    const { share } = createTurns({ atOnce: 2, mostTogether: 3 });
    const results = Promise.all([1, 2, 3, 4, 5, 6].map((item) => share('a', item, work)));
    const elsewhere = share('b', 7, work);
    expect(calls).toEqual([[1], [2], [7]]);
    goOn();
    expect(await results).toEqual([10, 20, 30, 40, 50, 60]);
    expect(await elsewhere).toBe(70);
    expect(calls).toEqual([[1], [2], [7], [3, 4, 5], [6]]);
  });

  it('an item that comes when a turn has begun gets the next one', async () => {
    const { calls, work, goOn } = heldWork();
    const { share } = createTurns();
    const early = [1, 2, 3].map((item) => share('a', item, work));
    goOn();
    await Promise.all(early);
    expect(await share('a', 4, work)).toBe(40);
    expect(calls).toEqual([[1], [2, 3], [4]]);
  });

  it('a turn of its own waits with the others', async () => {
    const { calls, work, goOn } = heldWork();
    const { share, take } = createTurns();
    const results = [1, 2, 3].map((item) => share('a', item, work));
    const alone = take('a', async () => void calls.push([0]));
    goOn();
    await Promise.all([...results, alone]);
    expect(calls).toEqual([[1], [2, 3], [0]]);
  });

  it('what is refused because of one is done again for each alone; what may have happened is not', async () => {
    const calls: number[][] = [];
    const failing = (error: Error) => async (items: readonly number[]) => {
      calls.push([...items]);
      await Promise.resolve();
      if (items.includes(4)) throw error;
      return items;
    };
    const settle = async (error: Error) => {
      const { share } = createTurns();
      const work = failing(error);
      const asked = await Promise.allSettled([1, 2, 3, 4, 5].map((item) => share('a', item, work)));
      return asked.map((each) => (each.status === 'fulfilled' ? each.value : each.reason));
    };
    expect(await settle(refused)).toEqual([1, 2, 3, refused, 5]);
    expect(calls.splice(0)).toEqual([[1], [2, 3, 4, 5], [2], [3], [4], [5]]);
    const lost = new Error('Connection terminated unexpectedly');
    expect(await settle(lost)).toEqual([1, lost, lost, lost, lost]);
    expect(calls).toEqual([[1], [2, 3, 4, 5]]);
  });

  it('of all keys so many are served at once; who waits for that is joined by others', async () => {
    const { calls, work, goOn } = heldWork();
    const { share } = createTurns({ inAll: 2 });
    const all = [1, 2, 3].map((item) => share(`key-${item}`, item, work));
    await Promise.resolve();
    const joined = share('key-3', 4, work);
    expect(calls).toEqual([[1], [2]]);
    goOn();
    expect(await Promise.all([...all, joined])).toEqual([10, 20, 30, 40]);
    expect(calls).toEqual([[1], [2], [3, 4]]);
  });

  it('those who wait while the database is away are told so with the first, and nothing of theirs is begun', async () => {
    const away = Object.assign(new Error('Connection terminated'), { code: 'ECONNRESET' });
    const calls: number[][] = [];
    let isAway = true;
    const work = async (items: readonly number[]) => {
      calls.push([...items]);
      await delay(100);
      if (isAway) throw away;
      return items;
    };
    const { share, take } = createTurns({ mostTogether: 2 });
    const all = Promise.allSettled([
      ...[1, 2, 3, 4].map((item) => share('a', item, work)),
      take('a', async () => void calls.push([6])),
    ]);
    expect((await all).map((each) => each.status === 'rejected' && each.reason === away)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(calls).toEqual([[1]]);
    // A later caller gets a turn, and so does a caller that waits behind a failure of another kind.
    isAway = false;
    const wrong = take('a', async () => {
      throw new Error('wrong');
    });
    const next = share('a', 7, work);
    await expect(wrong).rejects.toThrow('wrong');
    expect(await next).toBe(7);
  });

  it('a conflict of transactions is told to its own turn alone', async () => {
    const conflict = Object.assign(new Error('deadlock detected'), { code: '40P01' });
    const { take } = createTurns();
    const first = take('a', async () => {
      await delay(10);
      throw conflict;
    });
    const next = take('a', async () => 2);
    await expect(first).rejects.toBe(conflict);
    expect(await next).toBe(2);
  });
});

describe('a shared read', () => {
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

  it('is no cache: a caller sees what changed before it asked', async () => {
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
});
