import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { blobKey } from '../../src/platform/storage/blob-key.ts';
import { delay } from '../support/delay.ts';
import {
  type Delivered,
  type DeliveringProvider,
  startDeliveringProvider,
} from '../support/delivering-provider.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';

/*
 * Answers that are too large for memory lie in a file until they are kept. Where that one file cannot be kept, each try may
 * bring a new one.
 */
let provider: DeliveringProvider;
let dramatis: Dramatis;
let cast: { projectId: string; characterId: string };
let root: string;
beforeEach(async () => {
  provider = await startDeliveringProvider();
  dramatis = await Dramatis.start({
    environment: {
      SEGMIND_BASE_URL: provider.url,
      MAX_IMAGE_BYTES: '4096',
      SEGMIND_MEMORY_BYTES: '65536',
    },
  });
  dramatis.onStop(() => provider.close());
  cast = await dramatis.cast();
  root = join(dramatis.environment.DATA_DIR ?? '', 'storage');
});
afterEach(() => dramatis.stop());

/** A file in the place of the folder into which these bytes go; resolves to its path. */
async function block(bytes: Buffer): Promise<string> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const folder = dirname(join(root, blobKey(fromGlobalId('Project', cast.projectId), sha256)));
  await mkdir(dirname(folder), { recursive: true });
  await writeFile(folder, 'in the way');
  return folder;
}

/** Files that were begun, and how many of them, removed or not, this process has open. */
async function held(): Promise<{ files: number; descriptors: number }> {
  const folder = join(root, 'unfinished');
  const entries = await readdir(folder, { withFileTypes: true });
  const open = await readdir('/proc/self/fd');
  const targets = await Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return {
    files: entries.filter((entry) => entry.isFile()).length,
    descriptors: targets.filter((target) => target.startsWith(folder)).length,
  };
}

/** Counts the requests to a path. */
function counted(path: string): () => number {
  let count = 0;
  provider.override = (asked) => {
    if (asked === path) count += 1;
    return undefined;
  };
  return () => count;
}

async function read(id: string) {
  const { generation } = await dramatis.get(
    'query ($id: ID!) { generation(id: $id) { status outputProblems { code sizeBytes } } }',
    { id },
  );
  return generation;
}

async function isNothingHeld(): Promise<boolean> {
  const { files, descriptors } = await held();
  return files + descriptors === 0;
}

it('a picture that is downloaded anew for each try is not held between two of them', async () => {
  const bytes = randomBytes(20_000_000);
  provider.files.set('large', { body: bytes });
  provider.result = { body: { output: `${provider.url}/files/large` } };
  const way = await block(bytes);
  const downloads = counted('/files/large');
  const id = await dramatis.generate(cast.characterId);
  await eventually('several tries', () => downloads() >= 4, 30_000);
  await eventually('nothing to be held', isNothingHeld);
  await rm(way);
  await dramatis.settle(id);
  expect(await read(id)).toEqual({
    status: 'FAILED',
    outputProblems: [{ code: 'TOO_LARGE', sizeBytes: bytes.length }],
  });
}, 60_000);

it.each([
  ['that can be read anew is not held between two tries', false, 'FAILED'],
  ['of a submit is held until it is kept, since it exists nowhere else', true, 'UNCERTAIN'],
])(
  'a large answer %s',
  async (_, isSynchronous, ends) => {
    const body = { padding: randomBytes(2_000_000).toString('base64') };
    const bytes = Buffer.from(JSON.stringify(body));
    const way = await block(bytes);
    const reads = counted('/v2/requests/request-1');
    provider.isSynchronous = isSynchronous;
    provider.result = { body } satisfies Delivered;
    const id = await dramatis.generate(cast.characterId);
    if (isSynchronous) {
      await eventually('it to wait', async () => (await held()).descriptors === 1);
      // So long that it is tried several times.
      await delay(2_000);
      expect(await held()).toEqual({ files: 1, descriptors: 1 });
    } else {
      await eventually('several tries', () => reads() >= 4, 30_000);
      await eventually('nothing to be held', async () => (await held()).descriptors === 0);
    }
    await rm(way);
    await dramatis.settle(id);
    expect(await read(id)).toEqual({
      status: ends,
      outputProblems: [{ code: 'ANSWER_INVALID', sizeBytes: bytes.length }],
    });
    await eventually('nothing to be left', isNothingHeld);
  },
  60_000,
);
