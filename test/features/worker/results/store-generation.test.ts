import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { connectDatabase, type Database } from '../../../../src/platform/db/connect.ts';
import { toGlobalId } from '../../../../src/platform/reads/global-id.ts';
import { Dramatis, eventually } from '../../../support/dramatis.ts';
import { belongTo, deliveredRun, newPlace } from '../../../support/runs.ts';
import { eventuallyWaiting } from '../../../support/storage-outage.ts';

const sha256 = 'c'.repeat(64);
/** Longer than a server takes to start on a busy machine: it counts from before the start. */
const retentionMs = 8_000;
let dramatis: Dramatis;
let db: Database;
let root: string;
let path: string;
let id: string;
beforeEach(async () => {
  dramatis = await Dramatis.start({ environment: { SEGMIND_RETENTION_MS: String(retentionMs) }, servers: 0 });
  db = connectDatabase(dramatis.database.url);
  await belongTo(db, dramatis.environment.SEGMIND_BASE_URL);
  const place = await newPlace(db);
  root = join(dramatis.environment.DATA_DIR ?? '', 'storage');
  path = join(root, 'projects', place.projectId, 'blobs', sha256.slice(0, 2), sha256);
  // A folder in the place of the picture cannot be read as one.
  await mkdir(path, { recursive: true });
  id = toGlobalId('Generation', await deliveredRun(db, place, 'STORING', [sha256]));
  dramatis.url = (await dramatis.startServer()).url ?? '';
});
afterEach(async () => {
  await db.$disconnect();
  await dramatis.stop();
});

it('an output whose file alone cannot be read ends its run when the retention is over, and no earlier', async () => {
  await eventuallyWaiting(dramatis, [id]);
  const run = await dramatis.settle(id);
  expect(run).toMatchObject({ status: 'FAILED', failure: { code: 'STORAGE_FAILED' }, cost: '0.085000' });
  expect(run.outputProblems).toEqual([{ index: 0, code: 'STORAGE_UNAVAILABLE' }]);
});

it('as long as the whole storage does not work it is waited for, also past the retention', async () => {
  await eventuallyWaiting(dramatis, [id]);
  await rename(root, `${root}-away`);
  const goneSince = performance.now();
  await eventually('the retention to be over', () => performance.now() - goneSince > retentionMs);
  await eventuallyWaiting(dramatis, [id]);
  await rm(path.replace(root, `${root}-away`), { recursive: true });
  await rename(`${root}-away`, root);
  // Now it is certain.
  expect(await dramatis.settle(id)).toMatchObject({ status: 'FAILED', failure: { code: 'RESULT_INVALID' } });
});
