import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { findStorageSweep } from '../../../../src/features/storage-sweep/storage-sweep.queries.ts';
import {
  sweepLock,
  takeStep as takeLockedStep,
} from '../../../../src/features/storage-sweep/tasks/sweep-storage.ts';
import { locks } from '../../../../src/platform/db/locks.ts';
import { underLock } from '../../../../src/platform/db/under-lock.ts';
import { toGlobalId } from '../../../../src/platform/reads/global-id.ts';
import { eventually } from '../../../support/eventually.ts';
import { newPlace } from '../../../support/runs.ts';
import { noAge, openSweptPlace, type SweptPlace } from '../../../support/sweeping.ts';

const day = 24 * 3_600_000;
const ages = { ...noAge, uploadsMs: day };
const takeStep = (sweeper: SweptPlace) =>
  underLock(sweeper.db, sweepLock, (tx, now) => takeLockedStep(sweeper, ages, tx, now));
let place: SweptPlace;
let projectId: string;
beforeEach(async () => {
  place = await openSweptPlace();
  ({ projectId } = await newPlace(place.db));
});
afterEach(() => place.close());

/** Steps of as many processes, until a round is over; resolves to how many. */
async function finishRound(): Promise<number> {
  for (let steps = 1; steps < 100; steps += 1) if (!(await takeStep({ ...place }))) return steps;
  throw new Error('The round does not end.');
}

const forgetRest = () => place.db
  .$executeRaw`UPDATE settings SET value = jsonb_set(value::jsonb, '{endedAt}', '0')::text
  WHERE name = 'storage-sweep'`;

it('a round is a chain of steps, each from where the last one ended, and the log tells of it once', async () => {
  await place.putManyOld(projectId, 1_100);
  await place.addImage(projectId, 'a'.repeat(64));
  expect(await finishRound()).toBe(5);
  // It rests for an hour, whatever process asks.
  expect(await finishRound()).toBe(1);
  await forgetRest();
  await finishRound();
  const told = place.lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg.includes('swept'));
  expect(told).toMatchObject([
    {
      level: 'error',
      markedFiles: 1_100,
      removedFiles: 0,
      missingFiles: 1,
      missing: [expect.stringMatching(/^Image /)],
    },
    { level: 'error', markedFiles: 0, removedFiles: 1_100, missingFiles: 1 },
  ]);
});

it('the admin can ask what the last round has found, also while the next one is under way', async () => {
  const ask = () => findStorageSweep({ db: place.db, viewer: { kind: 'ADMIN' } });
  expect(await ask()).toBeNull();
  const lost = await place.addImage(projectId, 'a'.repeat(64));
  await place.putOld(projectId, 'stray');
  await takeStep(place);
  expect(await ask()).toBeNull();
  await finishRound();
  await forgetRest();
  await takeStep(place);
  const missing = [toGlobalId('Image', lost)];
  expect(await ask()).toMatchObject({
    endedAt: expect.any(Date),
    areFilesSwept: true,
    markedFiles: 1,
    missingFiles: 1,
    missing,
  });
  const stranger = {
    kind: 'USER',
    userId: projectId,
    email: null,
    hasDoubtfulEmail: false,
    expiresAt: new Date(),
  } as const;
  await expect(findStorageSweep({ db: place.db, viewer: stranger })).rejects.toThrow('for the admin');
});

it('a round that found nothing is not told', async () => {
  await finishRound();
  expect(place.lines).toEqual([]);
});

it('one process takes steps at a time', async () => {
  const done = Promise.withResolvers<void>();
  const other = place.db.$transaction(
    async (tx) => {
      await tx.$queryRaw`SELECT true FROM pg_advisory_xact_lock(${locks.storageSweep})`;
      await done.promise;
    },
    { timeout: 20_000 },
  );
  await eventually('the lock to be taken', async () => {
    const [row] = await place.testDatabase.query(
      "SELECT count(*)::int AS count FROM pg_locks WHERE locktype = 'advisory'",
    );
    return row?.count === 1;
  });
  expect(await takeStep(place)).toBeNull();
  expect(await place.db.setting.count({ where: { name: 'storage-sweep' } })).toBe(0);
  done.resolve();
  await other;
  expect(await takeStep(place)).toBe(true);
});

it('a step that fails is taken again: nothing is written down of it', async () => {
  await place.putOld(projectId, 'stray');
  await takeStep(place);
  const { upkeep, ...others } = place.storage;
  const broken = { ...others, upkeep: { ...upkeep, listKeys: () => Promise.reject(new Error('killed')) } };
  await expect(takeStep({ ...place, storage: broken })).rejects.toThrow('killed');
  await finishRound();
  await forgetRest();
  await finishRound();
  const told = place.lines.map((line) => JSON.parse(line));
  expect(told).toMatchObject([{ markedFiles: 1 }, { removedFiles: 1 }]);
});

it('what another version has written down is not read', async () => {
  await place.db.setting.create({ data: { name: 'storage-sweep', value: '{"part":"OTHER"}' } });
  await place.putOld(projectId, 'stray');
  await finishRound();
  expect(JSON.parse(place.lines[0] ?? '{}')).toMatchObject({ markedFiles: 1 });
});

it('that all runs were looked through is known in the next round', async () => {
  const old = await place.addImage(projectId, await place.putOld(projectId, 'unused'), 25);
  await place.db.image.update({
    where: { id: old },
    data: { isOfRun: null, uploadedAt: null, createdAt: new Date(0) },
  });
  const removed = async () => {
    await finishRound();
    await forgetRest();
    return (await place.db.image.count()) === 0;
  };
  expect([await removed(), await removed()]).toEqual([false, true]);
});
