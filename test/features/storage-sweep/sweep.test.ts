import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StorageUnavailable } from '../../../src/errors.ts';
import { sweepAll, sweepStep } from '../../../src/features/storage-sweep/sweep.ts';
import { newRound, nextRound, type SweepState } from '../../../src/features/storage-sweep/sweep-state.ts';
import { blobKey, variantKey } from '../../../src/platform/storage/blob-key.ts';
import { eventually } from '../../support/eventually.ts';
import { deliveredRun, holdRun, newPlace, type RunPlace } from '../../support/runs.ts';
import { noAge, openSweptPlace, type SweptPlace } from '../../support/sweeping.ts';

const day = 24 * 3_600_000;
const usual = { uploadsMs: day, filesMs: day, unfinishedMs: day };
let place: SweptPlace;
let run: RunPlace;
beforeEach(async () => {
  place = await openSweptPlace();
  run = await newPlace(place.db);
});
afterEach(() => place.close());

/** Two rounds: files are found in the first, and removed in the second. */
async function sweepTwice(ages = noAge) {
  return [await sweepAll(place, ages), await sweepAll(place, ages)] as const;
}

const isThere = (sha256: string, projectId = run.projectId) => place.storage.has(blobKey(projectId, sha256));

describe('a file without a row', () => {
  it('goes, with its variants and its folders; what a row names stays', async () => {
    const { projectId } = run;
    const kept = await place.putOld(projectId, 'of a picture');
    await place.addImage(projectId, kept);
    const stray = await place.putOld(projectId, 'stray');
    const variant = (sha256: string) => variantKey({ projectId, sha256 }, 64, 'WEBP');
    for (const sha256 of [kept, stray]) await place.storage.put(variant(sha256), Buffer.from('small'));
    const gone = await place.putOld('00000000-0000-4000-8000-00000000dead', 'of a project that is gone');
    const ages = { ...noAge, uploadsMs: day };
    const [first, second] = await sweepTwice(ages);
    expect([first.markedFiles, first.removedFiles]).toEqual([3, 0]);
    expect([second.markedFiles, second.removedFiles]).toEqual([0, 3]);
    expect([await isThere(kept), await isThere(stray)]).toEqual([true, false]);
    expect([await place.storage.has(variant(kept)), await place.storage.has(variant(stray))]).toEqual([
      true,
      false,
    ]);
    expect(gone).toHaveLength(64);
    // Its folders go from the inside, one level in a round.
    for (let rounds = 0; rounds < 5; rounds += 1) await sweepAll(place, ages);
    expect(await readdir(join(place.root, 'projects'))).toEqual([projectId]);
  });

  it('stays while a run names it: kept as it came, or still to be stored', async () => {
    const { projectId } = run;
    const refused = await place.putOld(projectId, 'refused');
    const delivered = await place.putOld(projectId, 'delivered');
    const elsewhere = await place.putOld('00000000-0000-4000-8000-00000000dead', 'refused');
    const id = await holdRun(place.db, run, 0n);
    await place.db.generation.update({
      where: { id },
      data: { outputProblems: [{ index: 0, code: 'DAMAGED', message: 'x', sha256: refused }] },
    });
    await deliveredRun(place.db, run, 'STORING', [delivered]);
    await sweepTwice();
    expect([await isThere(refused), await isThere(delivered)]).toEqual([true, true]);
    expect(await isThere(elsewhere, '00000000-0000-4000-8000-00000000dead')).toBe(false);
  });

  it('stays until it is old, and an age longer; a file with another name stays for ever', async () => {
    const { projectId } = run;
    await place.storage.put(blobKey(projectId, 'a'.repeat(64)), Buffer.from('young'));
    const old = await place.putOld(projectId, 'old');
    const other = join(place.root, 'projects', projectId, 'blobs', 'notes');
    await writeFile(other, 'of an operator');
    const [first, second] = await sweepTwice(usual);
    expect([first.markedFiles, second.markedFiles, second.removedFiles]).toEqual([1, 0, 0]);
    await sweepTwice();
    expect([await isThere('a'.repeat(64)), await isThere(old), existsSync(other)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('is not looked for where another database swept before: it may be that one that names it', async () => {
    const stray = await place.putOld(run.projectId, 'stray');
    await sweepAll({ ...place, database: 'another' }, usual);
    const rounds = await sweepTwice();
    expect(await isThere(stray)).toBe(true);
    expect(rounds.map(({ areFilesSwept }) => areFilesSwept)).toEqual([false, false]);
    // It stays so until a person changes it, so one line is enough.
    const told = place.lines.map((line) => JSON.parse(line));
    expect(told).toEqual([
      expect.objectContaining({
        level: 'warn',
        database: place.database,
        msg: expect.stringMatching('.database'),
      }),
    ]);
    await rm(join(place.root, '.database'));
    expect(await sweepAll(place, noAge)).toMatchObject({ areFilesSwept: true, removedFiles: 1 });
  });

  it('is left alone once the step is to end: another process may be at it', async () => {
    for (let number = 0; number < 5; number += 1) await place.putOld(run.projectId, `stray ${number}`);
    const ending = new AbortController();
    let disposed = 0;
    const dispose = async (key: string, ageMs: number) => {
      disposed += 1;
      if (disposed === 3) ending.abort();
      return place.storage.upkeep.dispose(key, ageMs);
    };
    const storage = { ...place.storage, upkeep: { ...place.storage.upkeep, dispose } };
    const ctx = { ...place, storage, signal: ending.signal };
    await expect(sweepStep(ctx, { ...newRound, part: 'FILES' }, noAge)).rejects.toThrow('aborted');
    expect(disposed).toBe(3);
  });

  it('is removed however many there are, page by page', async () => {
    await place.putManyOld(run.projectId, 1_100);
    const [first, second] = await sweepTwice();
    expect([first.markedFiles, second.removedFiles]).toEqual([1_100, 1_100]);
  });
});

describe('a row without a file', () => {
  it('is counted and named, and stays', async () => {
    const { projectId } = run;
    const lost = await place.addImage(projectId, await place.putOld(projectId, 'lost'));
    await place.addImage(projectId, await place.putOld(projectId, 'kept'));
    const id = await holdRun(place.db, run, 0n);
    const outputProblems = [{ index: 0, code: 'DAMAGED', message: 'x', sha256: 'b'.repeat(64) }];
    await place.db.generation.update({ where: { id }, data: { outputProblems } });
    const before = await sweepAll(place, usual);
    expect(before.missing).toEqual([{ type: 'Generation', id }]);
    await rm(join(place.root, 'projects', projectId, 'blobs'), { recursive: true });
    await place.putOld(projectId, 'kept');
    const { missingFiles, missing } = await sweepAll(place, usual);
    expect([missingFiles, missing]).toEqual([
      2,
      [
        { type: 'Image', id: lost },
        { type: 'Generation', id },
      ],
    ]);
    expect(await place.db.image.count()).toBe(2);
  });

  it('is none when the row goes with its file meanwhile, and nothing is said when the storage goes', async () => {
    await place.addImage(run.projectId, 'a'.repeat(64));
    const has = async () => {
      await place.db.image.deleteMany();
      return false;
    };
    expect((await sweepAll({ ...place, storage: { ...place.storage, has } }, usual)).missing).toEqual([]);
    await place.addImage(run.projectId, 'a'.repeat(64));
    let looks = 0;
    const isWhole = async () => looks++ === 0;
    const going = { ...place, storage: { ...place.storage, isWhole } };
    await expect(sweepStep(going, newRound, usual)).rejects.toThrow(StorageUnavailable);
  });

  it('is none where the volume is not mounted, or is that of another installation', async () => {
    await place.addImage(run.projectId, await place.putOld(run.projectId, 'kept'));
    await rename(place.root, `${place.root}-away`);
    await mkdir(place.root);
    await expect(sweepAll(place, noAge)).rejects.toThrow(StorageUnavailable);
    await writeFile(join(place.root, '.identity'), 'another\n');
    await expect(sweepAll(place, noAge)).rejects.toThrow(StorageUnavailable);
    expect(await place.db.image.count()).toBe(1);
  });
});

describe('an upload that nothing uses', () => {
  const upload = async (text: string, ageHours: number) =>
    place.addImage(run.projectId, await place.putOld(run.projectId, text), ageHours);
  const rows = async () => (await place.db.image.findMany({ orderBy: { id: 'asc' } })).map(({ id }) => id);

  it('goes after its time, with its file; a younger one stays', async () => {
    await upload('old', 25);
    const young = await upload('young', 23);
    const { removedUploads } = await sweepAll(place, { ...usual, filesMs: 0 });
    expect([removedUploads, await rows()]).toEqual([1, [young]]);
    await sweepAll(place, { ...usual, filesMs: 0 });
    const left = await readdir(join(place.root, 'projects', run.projectId, 'blobs'), { recursive: true });
    expect(left.filter((name) => /[0-9a-f]{64}$/.test(name))).toHaveLength(1);
  });

  it('stays with whatever uses it: a reference image, a picture of a run, a run that was given it', async () => {
    const [referenced, drawn, given] = [await upload('a', 25), await upload('b', 25), await upload('c', 25)];
    const { characterId } = run;
    await place.db.referenceImage.create({ data: { characterId, imageId: referenced, kind: 'FACE' } });
    const generationId = await holdRun(place.db, run, 0n);
    await place.db.generatedImage.create({ data: { generationId, imageId: drawn, index: 0 } });
    await giveTo(given);
    expect((await sweepAll(place, noAge)).removedUploads).toBe(0);
    expect(await rows()).toEqual([referenced, drawn, given].sort());
    // Once it was given to a run it belongs to the run; a reference image can be taken off.
    await place.db.referenceImage.deleteMany();
    expect((await sweepAll(place, noAge)).removedUploads).toBe(1);
    expect(await rows()).toEqual([drawn, given].sort());
  });

  it('stays as well when its row, and the run that was given it, are older than the mark', async () => {
    const [unused, given] = [await upload('a', 25), await upload('b', 25)];
    await giveTo(given);
    await beforeTheMark();
    // What runs were given is known when all of them were looked through.
    const first = await sweepAll(place, noAge);
    expect([first.removedUploads, await rows()]).toEqual([0, [unused, given].sort()]);
    const second = await sweepAll(place, noAge, nextRound(first));
    expect([second.removedUploads, await rows()]).toEqual([1, [given]]);
    expect(await place.db.image.findMany({ select: { isOfRun: true } })).toEqual([{ isOfRun: true }]);
  });

  it('is looked for in so many runs at a step, however many there are', async () => {
    const given: string[] = [];
    for (let number = 0; number < 5; number += 1) given.push(await upload(`${number}`, 25));
    for (const imageId of given) await giveTo(imageId, 500);
    await beforeTheMark();
    const marked: number[] = [];
    for (let state: SweepState = newRound; state.part !== 'DONE'; ) {
      state = await sweepStep(place, state, noAge);
      marked.push(await place.db.image.count({ where: { isOfRun: true } }));
    }
    // Pictures, files, and three pages of runs.
    expect(marked).toEqual([0, 0, 2, 4, 5]);
  });

  it('is marked one by one, so that no run waits for the sweep that waits for it', async () => {
    const [first = '', second = ''] = [await upload('a', 25), await upload('b', 25)].sort();
    await giveTo(first);
    await giveTo(second);
    await beforeTheMark();
    const round = await place.db.$transaction(async (tx) => {
      // As a run does that is given both, in whatever order the database comes by them.
      const mark = (id: string) => tx.image.update({ where: { id }, data: { isOfRun: true } });
      await mark(second);
      const sweeping = sweepAll(place, noAge);
      sweeping.catch(() => undefined);
      await eventually('the row to be waited for', isOneWaiting);
      await mark(first);
      return { sweeping };
    });
    expect((await round.sweeping).removedUploads).toBe(0);
    expect(await place.db.image.count({ where: { isOfRun: true } })).toBe(2);
  });

  it('stays when it comes into use while the sweep is about to remove it', async () => {
    const imageId = await upload('a', 25);
    const { characterId } = run;
    const using = place.db.$transaction(async (tx) => {
      await tx.referenceImage.create({ data: { characterId, imageId, kind: 'FACE' } });
      const sweeping = sweepAll(place, noAge);
      await eventually('the row to be waited for', isOneWaiting);
      return { sweeping };
    });
    expect((await (await using).sweeping).removedUploads).toBe(0);
    expect(await rows()).toEqual([imageId]);
  });

  async function isOneWaiting(): Promise<boolean> {
    const [row] = await place.testDatabase.query(
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    return row?.count === 1;
  }

  /** Makes all rows look as if they were older than the mark. */
  const beforeTheMark = () =>
    place.db.image.updateMany({ data: { isOfRun: null, uploadedAt: null, createdAt: new Date(0) } });

  async function giveTo(imageId: string, runs = 1): Promise<void> {
    const named = { parameter: 'x', imageId, sha256: 'c'.repeat(64), contentType: 'image/png' };
    const data = {
      ...run,
      requestHash: '0'.repeat(64),
      model: 'consistent-character',
      modelVersion: '1',
      parameters: {},
      references: [{ ...named, referenceImageId: null }],
      seed: 1,
      wakeupId: '00000000-0000-4000-8000-000000000001',
    };
    await place.db.generation.createMany({ data: new Array(runs).fill(data) });
  }
});
