import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { keepOutputs } from '../../../../src/features/worker/results/keep-outputs.ts';
import type { Output } from '../../../../src/platform/segmind/outputs.ts';
import { blobKey } from '../../../../src/platform/storage/blob-key.ts';
import { openTestStorage } from '../../../support/storage.ts';

const storage = await openTestStorage(await mkdtemp(join(tmpdir(), 'dramatis-outputs-')));
const bytesOf = (sha256: string) => storage.get(blobKey('p', sha256));

it('bytes are in storage, addresses stay addresses, each in its place', async () => {
  const all: Output[] = Array.from({ length: 20 }, (_, index) =>
    index % 2 === 0
      ? { kind: 'URL', url: `https://host/${index}` }
      : { kind: 'BYTES', bytes: Buffer.from(`picture ${index}`) },
  );
  const { outputs, problems } = await keepOutputs({ storage }, 'p', all);
  expect(problems).toEqual([]);
  for (const [index, output] of outputs.entries()) {
    expect(output.index).toBe(index);
    if ('url' in output) expect(output.url).toBe(`https://host/${index}`);
    else expect(String(await bytesOf(output.sha256))).toBe(`picture ${index}`);
  }
  expect(outputs).toHaveLength(20);
});

it('what is beyond the greatest number is kept as a list', async () => {
  const all: Output[] = [
    { kind: 'URL', url: 'https://host/0' },
    { kind: 'URL', url: 'https://host/1' },
    { kind: 'BYTES', bytes: Buffer.from('picture 2') },
  ];
  const { outputs, problems } = await keepOutputs({ storage }, 'p', all, 1);
  expect(outputs).toEqual([{ index: 0, url: 'https://host/0' }]);
  expect(problems).toMatchObject([{ index: 1, code: 'TOO_MANY', contentType: 'application/json' }]);
  const list = JSON.parse(String(await bytesOf(problems[0]?.sha256 ?? '')));
  expect(list).toEqual(['https://host/1', Buffer.from('picture 2').toString('base64')]);
});
