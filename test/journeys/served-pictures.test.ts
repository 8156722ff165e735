import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { z } from 'zod';
import { leastInUse } from '../support/collect-garbage.ts';
import { picturesWithMetadata, told } from '../support/containers.ts';
import { delay } from '../support/delay.ts';
import { type DeliveringProvider, startDeliveringProvider } from '../support/delivering-provider.ts';
import { adminKey, Dramatis } from '../support/dramatis.ts';
import { noise } from '../support/pictures.ts';

let provider: DeliveringProvider;
let dramatis: Dramatis;
let projectId: string;
let characterId: string;
beforeAll(async () => {
  provider = await startDeliveringProvider();
  dramatis = await Dramatis.start({ environment: { SEGMIND_BASE_URL: provider.url } });
  dramatis.onStop(() => provider.close());
  ({ projectId, characterId } = await dramatis.cast());
});
afterAll(() => dramatis.stop());

const uploaded = z.object({ id: z.string(), url: z.string(), sizeBytes: z.number() });

async function upload(bytes: Buffer) {
  const response = await fetch(`${dramatis.url}/images?projectId=${projectId}`, {
    method: 'POST',
    body: new Uint8Array(bytes),
    headers: { authorization: `Bearer ${adminKey}` },
  });
  expect(response.status).toBe(201);
  return uploaded.parse(await response.json());
}

async function addressOf(id: string, which: string): Promise<string> {
  const { node } = await dramatis.get<{ node: { address: string } }>(
    `query ($id: ID!) { node(id: $id) { ... on Image { address: ${which} } } }`,
    { id },
  );
  return node.address;
}

async function read(address: string) {
  const response = await fetch(address);
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
}

/** Asks for something, and reads no more of the answer than the beginning. */
function askAndWait(address: string): Socket {
  const { hostname, port, pathname, search } = new URL(address);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.once('data', () => socket.pause());
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`);
  return socket;
}

it('costs no memory while its readers do not read', async () => {
  // More of it than the buffers of a connection take.
  const raw = { width: 2_000, height: 2_000, channels: 3 } as const;
  const incompressible = await sharp(randomBytes(12_000_000), { raw })
    .png({ compressionLevel: 0 })
    .toBuffer();
  const { id, sizeBytes } = await upload(incompressible);
  expect(sizeBytes).toBeGreaterThan(10_000_000);
  const variant = await addressOf(id, 'url(format: PNG)');
  await read(variant);
  const held = () => leastInUse(({ arrayBuffers }) => arrayBuffers);
  for (const address of [await addressOf(id, 'url'), await addressOf(id, 'originalUrl'), variant]) {
    const before = await held();
    const sockets = Array.from({ length: 8 }, () => askAndWait(address));
    await Promise.all(sockets.map((socket) => once(socket, 'data')));
    // What could be read ahead for them is read while others are served.
    for (let others = 0; others < 100; others += 1) await dramatis.get('{ viewer { kind } }');
    const more = (await held()) - before;
    for (const socket of sockets) socket.destroy();
    // Each holds a piece; whole, they would be eight times the picture.
    expect(more).toBeLessThan(2 * sizeBytes);
  }
});

/** How often the queue of the picture library changes: twice for each picture that is made. */
async function changesOfQueue(work: () => Promise<unknown>): Promise<number> {
  let changes = 0;
  const count = () => {
    changes += 1;
  };
  sharp.queue.on('change', count);
  await work().finally(() => sharp.queue.off('change', count));
  return changes;
}

it('is made once in a size, however many ask for it first', async () => {
  const { id } = await upload(await noise(900).png().toBuffer());
  const address = await addressOf(id, 'url(width: 700, format: WEBP)');
  let answers: Response[] = [];
  const changes = await changesOfQueue(async () => {
    answers = await Promise.all(Array.from({ length: 20 }, () => fetch(address)));
  });
  // One task begins and ends.
  expect(changes).toBeLessThanOrEqual(4);
  const lengths = answers.map(({ headers, status }) => [status, headers.get('content-length')]);
  expect(new Set(lengths.map(String)).size).toBe(1);
  const bodies = await Promise.all(answers.map(async (answer) => Buffer.from(await answer.arrayBuffer())));
  expect(bodies.every((body) => body.equals(bodies[0] ?? Buffer.alloc(0)))).toBe(true);
});

it('is made once for all requests that come meanwhile, also when it cannot be stored', async () => {
  const { id } = await upload(await noise(900).png().toBuffer());
  const address = await addressOf(id, 'url(width: 640, format: WEBP)');
  const folders = join(dramatis.environment.DATA_DIR ?? '', 'storage', 'projects');
  const [project = ''] = await readdir(folders);
  const variants = join(folders, project, 'variants');
  await rename(variants, `${variants}-away`);
  await writeFile(variants, 'no folder');
  try {
    let answers: { readonly status: number; readonly bytes: Buffer }[] = [];
    const changes = await changesOfQueue(async () => {
      answers = await Promise.all(Array.from({ length: 20 }, () => read(address)));
    });
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(changes).toBeLessThanOrEqual(4);
  } finally {
    await rm(variants);
    await rename(`${variants}-away`, variants);
  }
});

it('is still served, and still drawn from, when the limit of pixels has been lowered', async () => {
  const { id } = await upload(await noise(1_200).webp().toBuffer());
  await dramatis.get(
    'mutation ($input: AddReferenceImageInput!) { addReferenceImage(input: $input) { userErrors { message } } }',
    { input: { characterId, kind: 'FACE', source: { imageId: id } } },
  );
  const small = await dramatis.startServer({ MAX_IMAGE_PIXELS: '1000000' });
  const address = (await addressOf(id, 'url(width: 64, format: JPEG)')).replace(
    dramatis.url,
    small.url ?? '',
  );
  expect((await read(address)).status).toBe(200);
  provider.files.set('sound', { body: await noise(32).png().toBuffer() });
  provider.result = { body: { output: `${provider.url}/files/sound` } };
  expect(await dramatis.settle(await dramatis.generate(characterId))).toMatchObject({ status: 'COMPLETED' });
  await small.stop();
});

describe('an upload of an earlier version', () => {
  it('is freed of everything when it is sent once more', async () => {
    const [[, bytes = Buffer.alloc(0)] = []] = (await picturesWithMetadata()).filter(
      ([where]) => where === 'jpeg comment',
    );
    expect(bytes.includes(told)).toBe(true);
    const first = await upload(bytes);
    // As it was kept by then: its own bytes, and no word about when they came.
    await dramatis.database.query('UPDATE images SET sha256 = $1, uploaded_at = NULL WHERE sha256 = $2', [
      createHash('sha256').update(bytes).digest('hex'),
      await hashOf(first.id),
    ]);
    const again = await upload(bytes);
    expect(again.id).not.toBe(first.id);
    expect((await read(again.url)).bytes.includes(told)).toBe(false);
  });
});

async function hashOf(id: string): Promise<string> {
  const { node } = await dramatis.get('query ($id: ID!) { node(id: $id) { ... on Image { sha256 } } }', {
    id,
  });
  return node.sha256;
}

it('is scaled no more for a client that has gone', async () => {
  const { id } = await upload(await noise(1_000).png().toBuffer());
  const addresses = await Promise.all(
    Array.from({ length: 30 }, (_, at) => addressOf(id, `url(width: ${400 + at}, format: AVIF)`)),
  );
  const sockets = addresses.map(askAndWait);
  await delay(100);
  for (const socket of sockets) socket.destroy();
  // One that stays is served before all of them could have been made.
  expect((await read(await addressOf(id, 'url(width: 40, format: WEBP)'))).status).toBe(200);
  const storage = join(dramatis.environment.DATA_DIR ?? '', 'storage');
  const made = (await readdir(storage, { recursive: true })).filter((name) => name.endsWith('-avif'));
  expect(made.length).toBeLessThan(15);
});
