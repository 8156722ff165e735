import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { StorageUnavailable } from '../../../src/errors.ts';
import type { Reading } from '../../../src/features/verification/pass.ts';
import { findPasses, type PassName } from '../../../src/features/verification/pass-state.ts';
import { takeStep } from '../../../src/features/verification/take-step.ts';
import { openClient } from '../../../src/platform/db/connections/open.ts';
import { blobKey } from '../../../src/platform/storage/blob-key.ts';
import { openStoredBytes } from '../../../src/platform/storage/stored-bytes.ts';
import { holdRun, newPlace, type RunPlace } from '../../support/runs.ts';
import { openSweptPlace, type SweptPlace } from '../../support/sweeping.ts';
import { tamper } from '../../support/verified.ts';

let place: SweptPlace;
let run: RunPlace;
let client: pg.Client;
let reading: Reading;
beforeEach(async () => {
  place = await openSweptPlace();
  run = await newPlace(place.db);
  client = await openClient(place.testDatabase.url, 'verify');
  reading = {
    client,
    stored: openStoredBytes(place.root),
    storage: place.storage,
    log: place.log,
    signal: new AbortController().signal,
  };
});
afterEach(async () => {
  await client.end();
  await place.close();
});

/** Begins a pass, and takes all of its steps. */
async function pass(name: PassName, how: Partial<Reading> = {}) {
  await aDayLater(name);
  let steps = 1;
  while (await takeStep({ ...reading, ...how }, name)) steps += 1;
  const { passes } = await findPasses(client, name);
  const { read = 0, findingCount = 0, findings = [] } = passes.ended ?? {};
  return { steps, read, findingCount, found: findings.map(({ kind, subject }) => [kind, subject]) };
}

async function aDayLater(name: PassName): Promise<void> {
  await client.query(
    `UPDATE settings SET value = jsonb_set(value::jsonb, '{ended,startedAt}', to_jsonb(extract(epoch FROM now())::float8 * 1000 - 86400000))
     WHERE name = 'verification-of-' || lower($1) AND value::jsonb->>'ended' IS NOT NULL`,
    [name],
  );
}

async function addEntries(project: string, count: number): Promise<void> {
  await client.query(
    `INSERT INTO audit_entries (project_id, sequence, actor_kind, action, target_type, target_id, previous_hash, hash)
     SELECT $1, 0, 'ADMIN', 'PROJECT_UPDATED', 'Project', $1, '', '' FROM generate_series(1, $2)`,
    [project, count],
  );
}

const files = () => place.root;
const pathOf = (sha256: string) => join(files(), blobKey(run.projectId, sha256));

describe('the entries', () => {
  it('are read from the first one on, in steps of any process; each is read once', async () => {
    await addEntries(run.projectId, 4_500);
    const other = await newPlace(place.db);
    await addEntries(other.projectId, 3);
    const { steps, ...found } = await pass('ENTRIES');
    expect(found).toEqual({ read: 4_503, findingCount: 0, found: [] });
    expect(steps).toBeGreaterThan(2);
  });

  it.each([2_999, 3_000, 3_001])(
    'one that was changed long ago is found, and told at once: entry %d',
    async (changed) => {
      await addEntries(run.projectId, 4_500);
      await pass('ENTRIES');
      await tamper(
        place.testDatabase.url,
        `UPDATE audit_entries SET action = 'MEMBER_REMOVED' WHERE sequence = ${changed}`,
      );
      expect((await pass('ENTRIES')).found).toEqual([['AUDIT_ENTRY_CHANGED', String(changed)]]);
      const told = place.lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error');
      expect(told[0]).toMatchObject({ msg: 'stored data does not fit', pass: 'ENTRIES', findingCount: 1 });
    },
  );

  it('that do not fit are told when the first is found, and together at the end, not step by step', async () => {
    await addEntries(run.projectId, 7_000);
    await tamper(
      place.testDatabase.url,
      "UPDATE audit_entries SET action = 'MEMBER_REMOVED' WHERE sequence IN (10, 2500, 4500)",
    );
    expect(await pass('ENTRIES')).toMatchObject({ findingCount: 3, steps: 4 });
    const told = place.lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error');
    expect(told.map(({ findingCount }) => findingCount)).toEqual([1, 3]);
  });

  it('a chain that was begun anew at a place where a step ends, one that has a gap, and one before 1', async () => {
    await addEntries(run.projectId, 2_500);
    await tamper(
      place.testDatabase.url,
      `UPDATE audit_entries a SET previous_hash = repeat('0', 64) WHERE sequence = 2001`,
      `UPDATE audit_entries a SET hash = audit_entry_hash(a) WHERE sequence = 2001`,
      'DELETE FROM audit_entries WHERE sequence BETWEEN 2100 AND 2150',
      'UPDATE audit_entries SET sequence = -1 WHERE sequence = 2500',
    );
    expect((await pass('ENTRIES')).found).toEqual([
      ['AUDIT_CHAIN_BROKEN', '-1'],
      ['AUDIT_CHAIN_BROKEN', '2001'],
      ['AUDIT_CHAIN_BROKEN', '2002'],
      ['AUDIT_ENTRIES_MISSING', '2151'],
    ]);
  });

  it('are read once a day', async () => {
    await addEntries(run.projectId, 1);
    await pass('ENTRIES');
    await addEntries(run.projectId, 1);
    expect(await takeStep(reading, 'ENTRIES')).toBe(false);
    expect((await findPasses(client, 'ENTRIES')).passes.ended).toMatchObject({ read: 1 });
    expect(await pass('ENTRIES')).toMatchObject({ read: 2 });
  });
});

describe('the pictures', () => {
  const addPicture = async (text: string) => {
    const sha256 = await place.putOld(run.projectId, text);
    const id = await place.addImage(run.projectId, sha256);
    await place.db.image.update({ where: { id }, data: { sizeBytes: text.length } });
    return { id, sha256 };
  };

  it('are all read, and what is changed or gone is found', async () => {
    const pictures = await Promise.all(Array.from({ length: 450 }, (_, n) => addPicture(`picture ${n}`)));
    expect(await pass('PICTURES')).toMatchObject({ read: 450, findingCount: 0 });
    const [changed, gone] = pictures.toSorted((one, other) => (one.id < other.id ? -1 : 1)).slice(-2);
    await writeFile(pathOf(changed?.sha256 ?? ''), 'Picture 1');
    await rm(pathOf(gone?.sha256 ?? ''));
    const { steps, ...found } = await pass('PICTURES');
    expect(found).toEqual({
      read: 450,
      findingCount: 2,
      found: [
        ['PICTURE_CHANGED', `image ${changed?.id}`],
        ['PICTURE_MISSING', `image ${gone?.id}`],
      ],
    });
    expect(steps).toBeGreaterThan(2);
  });

  it('so are outputs that were kept as they came, however many a run has', async () => {
    const sha256 = await place.putOld(run.projectId, 'kept');
    const problem = (index: number, hash: string | null) => ({
      index,
      code: 'DAMAGED',
      message: 'x',
      sha256: hash,
    });
    const many = Array.from({ length: 450 }, (_, index) => problem(index, index % 9 === 0 ? null : sha256));
    await holdRun(place.db, run, 0n);
    const data = [many, [problem(0, sha256), problem(7, 'a'.repeat(64))]];
    const ids = [];
    for (const outputProblems of data) {
      const id = await holdRun(place.db, run, 0n);
      await place.db.generation.update({ where: { id }, data: { outputProblems } });
      ids.push(id);
    }
    await holdRun(place.db, run, 0n);
    const { steps, ...found } = await pass('PICTURES');
    expect(found).toEqual({
      read: 402,
      findingCount: 1,
      found: [['PICTURE_MISSING', `output 7 of generation ${ids[1]}`]],
    });
    expect(steps).toBeGreaterThan(2);
  });

  it('are not missing where the folder is not mounted: the pass waits where it is', async () => {
    await Promise.all(Array.from({ length: 250 }, (_, n) => addPicture(`picture ${n}`)));
    expect(await takeStep(reading, 'PICTURES')).toBe(true);
    const { passes } = await findPasses(client, 'PICTURES');
    await rename(files(), `${files()}.away`);
    await mkdir(files());
    await expect(takeStep(reading, 'PICTURES')).rejects.toThrow(StorageUnavailable);
    expect((await findPasses(client, 'PICTURES')).passes).toEqual(passes);
    await rm(files(), { recursive: true });
    await rename(`${files()}.away`, files());
    expect(await pass('PICTURES')).toMatchObject({ read: 250, findingCount: 0 });
  });

  it('are not missing where the folder is taken away in the middle of a step', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, n) => addPicture(`picture ${n}`)));
    let count = 0;
    const stored = {
      ...reading.stored,
      async measure(key: string) {
        count += 1;
        if (count === 10) await rename(files(), `${files()}.away`);
        return reading.stored.measure(key);
      },
    };
    await expect(takeStep({ ...reading, stored }, 'PICTURES')).rejects.toThrow(StorageUnavailable);
    await rename(`${files()}.away`, files());
    expect(await pass('PICTURES')).toMatchObject({ read: 20, findingCount: 0 });
  });

  it.each([
    ['their rows are removed', 'DELETE FROM images'],
    ['their project is being removed', 'UPDATE projects SET deleting_at = now()'],
  ])('are not missing when %s while they are read', async (_, change) => {
    const pictures = await Promise.all(Array.from({ length: 5 }, (_, n) => addPicture(`picture ${n}`)));
    let isDone = false;
    const stored = {
      ...reading.stored,
      async measure(key: string) {
        if (!isDone) {
          isDone = true;
          await place.db.$executeRawUnsafe(change);
          for (const { sha256 } of pictures) await rm(pathOf(sha256));
        }
        return reading.stored.measure(key);
      },
    };
    expect(await pass('PICTURES', { stored })).toMatchObject({ read: 5, findingCount: 0 });
  });

  it('one that cannot be read is one finding; where the machine has no files left it is none', async () => {
    const { id } = await addPicture('one');
    const failing = (code: string) => ({
      ...reading.stored,
      measure: async () => {
        throw Object.assign(new Error(code), { code });
      },
    });
    expect((await pass('PICTURES', { stored: failing('EIO') })).found).toEqual([
      ['PICTURE_UNREADABLE', `image ${id}`],
    ]);
    await aDayLater('PICTURES');
    await expect(takeStep({ ...reading, stored: failing('EMFILE') }, 'PICTURES')).rejects.toThrow('EMFILE');
  });
});
