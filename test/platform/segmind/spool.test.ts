import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Spool, spoolWithout } from '../../../src/platform/segmind/spool.ts';
import type { Storage } from '../../../src/platform/storage/storage.ts';
import { delay } from '../../support/delay.ts';
import { eventually } from '../../support/eventually.ts';
import { noise } from '../../support/pictures.ts';
import {
  failure,
  providerKey as key,
  type ScriptedProvider,
  startScriptedProvider,
} from '../../support/scripted-provider.ts';
import { openTestStorage } from '../../support/storage.ts';

const slug = 'consistent-character';
let root: string;
let storage: Storage;
let provider: ScriptedProvider;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'dramatis-spool-'));
  storage = await openTestStorage(root);
  provider = await startScriptedProvider();
});
afterEach(async () => {
  await provider.close();
  storage.close();
  await rm(root, { recursive: true, force: true });
});

const client = (spool: () => Spool) => provider.client({ memoryBytes: 10_000, spool });
const unfinished = () => readdir(join(root, 'unfinished'));
const streamed = async (key: string) => {
  const kept = await storage.open(key);
  const chunks: Buffer[] = [];
  for await (const chunk of kept?.stream ?? []) chunks.push(chunk);
  return { sizeBytes: kept?.sizeBytes, bytes: Buffer.concat(chunks) };
};

describe('bytes that are too many for memory', () => {
  it('are in storage once they are kept, also when that is done twice', async () => {
    const bytes = randomBytes(30_000_000);
    provider.api.script({ body: bytes });
    const { code, spooled } = await failure(
      client(() => storage.spool()).download(`${provider.api.url}/a.png`),
    );
    expect(code).toBe('OUTPUT_REFUSED');
    expect(spooled).toMatchObject({
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      head: bytes.subarray(0, 4_096),
    });
    await spooled?.keep('blobs/kept');
    await spooled?.keep('blobs/kept');
    const kept = await streamed('blobs/kept');
    expect([kept.sizeBytes, kept.bytes.equals(bytes)]).toEqual([bytes.length, true]);
    expect(await unfinished()).toEqual([]);
  });

  it('come as slowly as the disk takes them', async () => {
    const disk = { taken: 0, waiting: 0 };
    const slow = (): Spool => {
      const spool = storage.spool();
      return {
        ...spool,
        async write(chunk) {
          disk.taken += chunk.length;
          if (disk.taken % 50 === 0) await delay(2);
          await spool.write(chunk);
        },
      };
    };
    provider.api.script({ body: randomBytes(40_000_000) });
    const { spooled } = await failure(client(slow).download(`${provider.api.url}/a.png`));
    expect([spooled?.sizeBytes, disk.taken]).toEqual([40_000_000, 40_000_000]);
  });

  it('leave nothing behind once they were read, or were the page of a refusal', async () => {
    const image = (await noise(100).png().toBuffer()).toString('base64');
    provider.api.script({ body: JSON.stringify({ status: 'COMPLETED', output: image }) });
    const segmind = client(() => storage.spool());
    await segmind.result('r');
    expect(await unfinished()).toEqual([]);
    provider.api.script({ status: 404, body: randomBytes(20_000) });
    await failure(segmind.download(`${provider.api.url}/a.png`));
    expect(await unfinished()).toEqual([]);
  });

  it('leave nothing behind when they end too early', async () => {
    provider.api.script({ body: randomBytes(20_000), headers: { 'content-length': '30000' } });
    expect(await failure(client(() => storage.spool()).result('r'))).toMatchObject({ meaning: 'RETRY' });
    await eventually('nothing to be left', async () => (await unfinished()).length === 0);
  });
});

describe('a disk that takes no more', () => {
  const full = (): Spool => ({
    write: () => Promise.reject(new Error('full')),
    end: () => Promise.reject(new Error('full')),
    discard: async () => undefined,
  });

  it('makes a paid answer uncertain, and a read one to be tried again', async () => {
    const body = randomBytes(200_000);
    provider.api.script({ body }, { body }, { body });
    const segmind = client(full);
    expect(await failure(segmind.run(slug, {}))).toMatchObject({ meaning: 'UNCERTAIN' });
    expect((await failure(segmind.result('r'))).message).toBe('full');
    expect((await failure(segmind.download(`${provider.api.url}/a.png`))).message).toBe('full');
  });
});

it('a key is taken out wherever a chunk ends', async () => {
  const text = `before ${key} after ${key}${key.slice(0, 5)}`;
  for (let size = 1; size <= text.length; size += 1) {
    let written = '';
    const spool = spoolWithout(key, {
      write: async (chunk) => {
        written += chunk.toString();
      },
      end: () => Promise.reject(new Error('the end')),
      discard: async () => undefined,
    });
    for (let at = 0; at < text.length; at += size) await spool.write(Buffer.from(text.slice(at, at + size)));
    await expect(spool.end()).rejects.toThrow('the end');
    expect(written).toBe(`before [key] after [key]${key.slice(0, 5)}`);
  }
});
