import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { toGlobalId } from '../../../src/platform/graphql/global-id.ts';
import { Dramatis, picture } from '../../support/dramatis.ts';

let dramatis: Dramatis;
let db: Database;
let root: string;
let projectId: string;
let characterId: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({ servers: 0 });
  db = connectDatabase(dramatis.database.url);
  root = join(dramatis.environment.DATA_DIR ?? '', 'storage');
  ({ id: projectId } = await db.project.create({ data: { name: 'Old' } }));
  ({ id: characterId } = await db.character.create({ data: { projectId, name: 'Mara' } }));
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

/** A run of 0.1.0 whose pictures came in the answer itself. */
async function oldRun(status: 'STORING' | 'FAILED', hashes: readonly string[]): Promise<string> {
  const now = new Date();
  const { id } = await db.generation.create({
    data: {
      projectId,
      characterId,
      requestHash: '0'.repeat(64),
      model: 'consistent-character',
      modelVersion: '1',
      parameters: {},
      references: [],
      seed: 1,
      wakeupId: randomUUID(),
      status,
      attemptedAt: now,
      attemptToken: randomUUID(),
      providerAccount: '0123456789abcdef',
      submittedAt: now,
      costMicros: 85_000n,
      costSource: 'PROVIDER',
      outputs: hashes.map((sha256, index) => ({ index, sha256 })),
      ...(status === 'FAILED' ? { finishedAt: now, failureCode: 'STORAGE_FAILED', failureMessage: 'x' } : {}),
    },
  });
  return id;
}

it('a paid picture of 0.1.0 is adopted, whatever became of its run', async () => {
  const pictures = await Promise.all(['#100', '#200', '#300', '#400'].map((colour) => picture(colour)));
  const hashes = await Promise.all(pictures.map(oldBlob));
  const [one = '', two = '', lost = '', shown = ''] = hashes;
  const litter = await oldBlob(Buffer.from('nothing that anybody knows'));
  const storing = await oldRun('STORING', [one, two]);
  await oldRun('FAILED', [lost]);
  const facts = { contentType: 'image/png', sizeBytes: 1, width: 96, height: 96 };
  await db.image.create({ data: { projectId, sha256: shown, ...facts } });

  const url = (await dramatis.startServer()).url ?? '';
  const run = await dramatis.settle(toGlobalId('Generation', storing), { url });
  expect(run).toMatchObject({ status: 'COMPLETED', failure: null, cost: '0.085000' });
  expect(run.images.map(({ image }) => image.sha256)).toEqual([one, two]);
  const kept = (sha256: string) => join(root, 'projects', projectId, 'blobs', sha256.slice(0, 2), sha256);
  for (const [index, sha256] of hashes.entries())
    expect((await readFile(kept(sha256))).equals(pictures[index] ?? Buffer.alloc(0))).toBe(true);
  expect(existsSync(kept(litter))).toBe(false);
  expect(existsSync(join(root, 'blobs'))).toBe(false);
});
