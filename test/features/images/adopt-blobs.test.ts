import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { adoptBlobs } from '../../../src/features/images/adopt-blobs.ts';
import { createLogger } from '../../../src/logger.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { toGlobalId } from '../../../src/platform/reads/global-id.ts';
import { Dramatis, eventually, picture } from '../../support/dramatis.ts';
import { belongTo, deliveredRun, newPlace, type RunPlace } from '../../support/runs.ts';
import { openTestStorage } from '../../support/storage.ts';

let dramatis: Dramatis;
let db: Database;
let root: string;
let place: RunPlace;
beforeAll(async () => {
  dramatis = await Dramatis.start({ servers: 0 });
  db = connectDatabase(dramatis.database.url);
  root = join(dramatis.environment.DATA_DIR ?? '', 'storage');
  // As an upgrade leaves it: old runs have the environment of the process that migrates.
  await belongTo(db, dramatis.environment.SEGMIND_BASE_URL);
  place = await newPlace(db);
});
afterAll(async () => {
  await db.$disconnect();
  await dramatis.stop();
});

/** Puts bytes where 0.1.0 did: one copy for all projects. */
async function oldBlob(bytes: Buffer): Promise<string> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const folder = join(root, 'blobs', sha256.slice(0, 2));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, sha256), bytes);
  return sha256;
}

const kept = (sha256: string) => join(root, 'projects', place.projectId, 'blobs', sha256.slice(0, 2), sha256);

it('a paid picture of 0.1.0 is adopted, whatever became of its run', async () => {
  const pictures = await Promise.all(['#100', '#200', '#300', '#400'].map((colour) => picture(colour)));
  const hashes = await Promise.all(pictures.map(oldBlob));
  const [one = '', two = '', lost = '', shown = ''] = hashes;
  const litter = await oldBlob(Buffer.from('a file that no row names'));
  const storing = await deliveredRun(db, place, 'STORING', [one, two]);
  await deliveredRun(db, place, 'FAILED', [lost]);
  const facts = { contentType: 'image/png', sizeBytes: 1, width: 96, height: 96 };
  await db.image.create({ data: { projectId: place.projectId, sha256: shown, ...facts } });

  const url = (await dramatis.startServer()).url ?? '';
  const run = await dramatis.settle(toGlobalId('Generation', storing), { url });
  expect(run).toMatchObject({ status: 'COMPLETED', failure: null, cost: '0.085000' });
  expect(run.images.map(({ image }) => image.sha256)).toEqual([one, two]);
  for (const [index, sha256] of hashes.entries())
    expect((await readFile(kept(sha256))).equals(pictures[index] ?? Buffer.alloc(0))).toBe(true);
  expect(existsSync(kept(litter))).toBe(false);
  expect(existsSync(join(root, 'blobs'))).toBe(false);
});

it('a database that is away for a while does not end the sorting', async () => {
  const bytes = await picture('#500');
  const sha256 = await oldBlob(bytes);
  await deliveredRun(db, place, 'FAILED', [sha256]);
  let failures = 2;
  const failing = new Proxy(db, {
    get(target, name) {
      if (name !== '$queryRaw' || failures === 0) return Reflect.get(target, name, target);
      failures -= 1;
      return () => Promise.reject(Object.assign(new Error('away'), { code: 'P1001' }));
    },
  });
  const storage = await openTestStorage(root);
  const stopping = new AbortController();
  await adoptBlobs({ db: failing, storage, log: createLogger('silent') }, stopping.signal);
  await eventually('the picture to be sorted', () => existsSync(kept(sha256)));
  await eventually('the old layout to be gone', () => !existsSync(join(root, 'blobs')));
  stopping.abort();
  storage.close();
  expect(failures).toBe(0);
});
