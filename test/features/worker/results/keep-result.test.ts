import { createHash } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { keepRefused } from '../../../../src/features/worker/results/keep-result.ts';
import { blobKey } from '../../../../src/platform/storage/blob-key.ts';
import { openTestStorage } from '../../../support/storage.ts';

const storage = await openTestStorage(await mkdtemp(join(tmpdir(), 'dramatis-refused-')));
const problem = { index: 3, code: 'NOT_A_PICTURE', message: 'It is no picture.' };
const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

it('an answer of one byte is kept, and the problem says where', async () => {
  const bytes = Buffer.from('x');
  const told = await keepRefused({ storage }, 'p', bytes, problem);
  expect(told).toMatchObject({ ...problem, sha256: hashOf(bytes), sizeBytes: 1 });
  expect(await storage.get(blobKey('p', hashOf(bytes)))).toEqual(bytes);
});

it('of an empty answer there is nothing to keep', async () => {
  expect(await keepRefused({ storage }, 'p', Buffer.alloc(0), problem)).toEqual(problem);
  expect(await storage.get(blobKey('p', hashOf(Buffer.alloc(0))))).toBeNull();
});
