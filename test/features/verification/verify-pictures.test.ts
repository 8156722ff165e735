import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Finding } from '../../../src/features/verification/finding.ts';
import { verifyPictures } from '../../../src/features/verification/verify-pictures.ts';
import { openStoredBytes, type StoredBytes } from '../../../src/platform/storage/stored-bytes.ts';
import { Dramatis } from '../../support/dramatis.ts';

let dramatis: Dramatis;
let client: pg.Client;
let folder: string;
beforeAll(async () => {
  dramatis = await Dramatis.start();
  const { characterId } = await dramatis.cast();
  for (let index = 0; index < 3; index += 1)
    await dramatis.settle(await dramatis.generate(characterId, `picture ${index}`));
  folder = join(dramatis.environment.DATA_DIR ?? '', 'storage');
  client = new pg.Client({ connectionString: dramatis.database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await dramatis.stop();
});

async function verify(stored: StoredBytes) {
  const found: Finding[] = [];
  const read = await verifyPictures(client, stored, (finding) => found.push(finding));
  return { kinds: found.map(({ kind }) => kind), count: read.count };
}

it('reads every picture once, and asks for the folder no more often than it must', async () => {
  const whole = openStoredBytes(folder);
  let asked = 0;
  const identity = () => {
    asked += 1;
    return whole.identity();
  };
  const { kinds, count } = await verify({ ...whole, identity });
  expect([kinds, asked]).toEqual([[], 1]);
  expect(count).toBeGreaterThan(3);
});

it('finds a volume that goes away on the way, and calls no picture missing', async () => {
  const whole = openStoredBytes(folder);
  let read = 0;
  const measure: StoredBytes['measure'] = async (key) => {
    read += 1;
    if (read === 3) await rename(folder, `${folder}.away`);
    return whole.measure(key);
  };
  try {
    expect(await verify({ ...whole, measure })).toEqual({ kinds: ['STORAGE_MISSING'], count: 3 });
  } finally {
    await rename(`${folder}.away`, folder);
  }
});
