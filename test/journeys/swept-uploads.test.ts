import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { hasImages } from '../../src/features/images/has-images.ts';
import { sweepAll } from '../../src/features/storage-sweep/sweep.ts';
import { createLogger } from '../../src/logger.ts';
import { connectDatabase, type Database } from '../../src/platform/db/connect.ts';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { claimFor } from '../../src/platform/storage/claim-storage.ts';
import { openLocalStorage } from '../../src/platform/storage/local-storage.ts';
import { adminKey, Dramatis, eventually, picture } from '../support/dramatis.ts';

let dramatis: Dramatis;
let db: Database;
let cast: { projectId: string; characterId: string };
beforeEach(async () => {
  dramatis = await Dramatis.start();
  cast = await dramatis.cast();
  db = connectDatabase(dramatis.database.url);
});
afterEach(async () => {
  await db.$disconnect();
  await dramatis.stop();
});

async function upload(colour: string): Promise<{ id: string; url: string }> {
  const response = await fetch(`${dramatis.url}/images?projectId=${encodeURIComponent(cast.projectId)}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'image/png' },
    body: new Uint8Array(await picture(colour)),
  });
  expect(response.status).toBe(201);
  return (await response.json()) as { id: string; url: string };
}

/** Does something while the row of an upload is being removed, once it waits for the removal. */
async function whileRemoved<Result>(imageId: string, work: () => Promise<Result>): Promise<Result> {
  const working = await db.$transaction(async (tx) => {
    await tx.$executeRaw`DELETE FROM images WHERE id = ${fromGlobalId('Image', imageId)}::uuid`;
    const result = work();
    result.catch(() => undefined);
    await eventually('the row to be waited for', async () => {
      const [row] = await dramatis.database.query(
        `SELECT count(*)::int AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      return row?.count === 1;
    });
    return { result };
  });
  return working.result;
}

it('a reference to an upload that is swept at the same moment is refused like one to none', async () => {
  const { id } = await upload('#111');
  const { data, errors } = await whileRemoved(id, () =>
    dramatis.ask(
      'mutation ($input: AddReferenceImageInput!) { addReferenceImage(input: $input) { referenceImage { id } } }',
      { input: { characterId: cast.characterId, kind: 'BODY', source: { imageId: id } } },
    ),
  );
  expect([data, errors?.map(({ extensions, message }) => [extensions.code, message])]).toEqual([
    null,
    [['NOT_FOUND', 'No Image with this id.']],
  ]);
  expect(await db.referenceImage.count({ where: { kind: 'BODY' } })).toBe(0);
});

it('a run that names an upload that is swept at the same moment is refused, and others are made', async () => {
  const { id } = await upload('#222');
  const ask = (subject: object | undefined, idempotencyKey: string) =>
    dramatis.ask(
      'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } userErrors { code } } }',
      {
        input: {
          characterId: cast.characterId,
          idempotencyKey,
          model: { consistentCharacter: { prompt: 'at the sea', subject } },
        },
      },
    );
  const { errors } = await whileRemoved(id, () => ask({ imageId: id }, 'swept'));
  expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['NOT_FOUND']);
  expect(await db.generation.count()).toBe(0);
  const { data } = await ask(undefined, 'kept');
  expect(await dramatis.settle(data.generate.generation.id)).toMatchObject({ status: 'COMPLETED' });
  const marks = await dramatis.database.query('SELECT is_of_run FROM images ORDER BY is_of_run');
  // The POSE was not given; the FACE and what was drawn were.
  expect(marks.map(({ is_of_run }) => is_of_run)).toEqual([false, true, true]);
});

it('bytes that come again while their upload is swept are a new upload', async () => {
  const { id } = await upload('#333');
  const again = await whileRemoved(id, () => upload('#333'));
  expect(again.id).not.toBe(id);
  expect((await fetch(again.url)).status).toBe(200);
});

it('bytes that come again are as good as new', async () => {
  const { id } = await upload('#444');
  await dramatis.database.query("UPDATE images SET uploaded_at = now() - interval '25 hours'");
  expect((await upload('#444')).id).toBe(id);
  const young = await db.image.findMany({ where: { uploadedAt: { gt: new Date(Date.now() - 3_600_000) } } });
  expect(young.map((image) => image.id)).toEqual([fromGlobalId('Image', id)]);
});

it('a picture that was taken off a character stays as long as an upload, and can be added again', async () => {
  const [{ id }] = [await upload('#555'), await upload('#556')];
  const add = async () => {
    const { data, errors } = await dramatis.ask(
      'mutation ($input: AddReferenceImageInput!) { addReferenceImage(input: $input) { referenceImage { id image { id } } } }',
      { input: { characterId: cast.characterId, kind: 'BODY', source: { imageId: id } } },
    );
    expect(errors).toBeUndefined();
    return data.addReferenceImage.referenceImage;
  };
  const reference = await add();
  // It has been in use for months.
  await dramatis.database.query(
    "UPDATE images SET uploaded_at = now() - interval '90 days', created_at = now() - interval '90 days'",
  );
  await dramatis.get(
    'mutation ($input: RemoveReferenceImageInput!) { removeReferenceImage(input: $input) { userErrors { code } } }',
    { input: { id: reference.id } },
  );
  const day = 24 * 3_600_000;
  const log = createLogger('silent');
  const root = join(dramatis.environment.DATA_DIR ?? '', 'storage');
  const storage = await openLocalStorage(root, { log, claim: claimFor(db, hasImages) });
  const ages = { uploadsMs: day, filesMs: day, unfinishedMs: day };
  const { removedUploads } = await sweepAll({ db, storage, log, database: 'another' }, ages);
  storage.close();
  // What was never in use goes.
  const rows = await db.image.findMany({ select: { id: true } });
  expect([removedUploads, rows.map((row) => row.id)]).toEqual([
    1,
    expect.arrayContaining([fromGlobalId('Image', id)]),
  ]);
  expect((await add()).image.id).toBe(id);
});
