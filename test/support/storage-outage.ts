import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from '@jest/globals';
import { adminKey, type Dramatis, eventually, type GenerationState, picture } from './dramatis.ts';
import type { StorageFault } from './faulty-storage.ts';

interface Waiting {
  readonly status: string;
  readonly waitingFor: { readonly reason: string } | null;
}

/** POSTs of runs so far. */
export function submitsOf({ simulator }: Dramatis): number {
  return simulator.requests.filter(({ method, path }) => method === 'POST' && /^\/v[12]\//.test(path)).length;
}

/** Asks for so many runs at once. */
export function askFor(dramatis: Dramatis, characterId: string, count: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) => dramatis.generate(characterId, `run ${index}`)),
  );
}

/** Waits until all these runs say that they wait for storage. */
export async function eventuallyWaiting(dramatis: Dramatis, ids: readonly string[]): Promise<Waiting[]> {
  return eventually('the runs to say that they wait for storage', async () => {
    const { nodes } = await dramatis.get(
      'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Generation { status waitingFor { reason } } } }',
      { ids },
    );
    const runs: Waiting[] = nodes;
    return runs.every(({ waitingFor }) => waitingFor?.reason === 'STORAGE') ? runs : null;
  });
}

/** What `/readyz` says. */
async function readiness({ url }: Dramatis) {
  const response = await fetch(`${url}/readyz`);
  return { status: response.status, body: await response.json() };
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

async function expectUploadsRefused(
  dramatis: Dramatis,
  { projectId, characterId }: { projectId: string; characterId: string },
): Promise<void> {
  const bytes = await picture('#123', 64);
  const upload = await fetch(`${dramatis.url}/images?projectId=${encodeURIComponent(projectId)}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'image/png' },
    body: new Uint8Array(bytes),
  });
  expect([upload.status, await upload.json()]).toMatchObject([
    503,
    { errors: [{ extensions: { code: 'STORAGE_UNAVAILABLE' } }] },
  ]);
  const host = createServer((_, response) => response.end(bytes)).listen(0, '127.0.0.1');
  await once(host, 'listening');
  const url = `http://127.0.0.1:${(host.address() as AddressInfo).port}/picture`;
  try {
    for (const source of [{ base64: bytes.toString('base64') }, { url }]) {
      const { errors } = await dramatis.ask(
        'mutation ($input: AddReferenceImageInput!) { addReferenceImage(input: $input) { userErrors { code } } }',
        { input: { characterId, kind: 'BODY', source } },
      );
      expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['STORAGE_UNAVAILABLE']);
    }
  } finally {
    host.close();
  }
}

/**
 * A disk stops taking pictures while paid runs are under way, for `lastsMs` after all of them have come back: nothing is
 * lost, nothing new is bought meanwhile, what is stored is served where it can be read, and all goes on by itself.
 */
export async function surviveOutage(
  dramatis: Dramatis,
  fault: StorageFault,
  { runs, lastsMs = 0, isReadable }: { runs: number; lastsMs?: number; isReadable: boolean },
): Promise<void> {
  const cast = await dramatis.cast();
  await dramatis.get(
    'mutation ($input: UpdateProjectLimitsInput!) { updateProjectLimits(input: $input) { userErrors { code } } }',
    { input: { id: cast.projectId, maxConcurrentGenerations: runs + 4 } },
  );
  const before = await dramatis.settle(await dramatis.generate(cast.characterId, 'before'));
  const stored = before.images[0]?.image;
  const variants =
    'query ($id: ID!) { node(id: $id) { ... on Image { kept: url(width: 55) made: url(width: 77, format: WEBP) } } }';
  const { node } = await dramatis.get(variants, { id: stored?.id });
  expect(await statusOf(node.kept)).toBe(200);

  const paid = await askFor(dramatis, cast.characterId, runs);
  await eventually('all to be taken', () => submitsOf(dramatis) === 1 + runs);
  await fault.begin();
  const later: string[] = [];
  try {
    later.push(...(await askFor(dramatis, cast.characterId, 4)));
    const queued = await eventuallyWaiting(dramatis, later);
    expect(queued.map(({ status }) => status)).toEqual(later.map(() => 'QUEUED'));
    expect(await readiness(dramatis)).toMatchObject({
      status: 503,
      body: { storage: expect.stringMatching('cannot be written') },
    });
    await expectUploadsRefused(dramatis, cast);
    // A variant is made, though it cannot be kept.
    for (const url of [stored?.url ?? '', node.kept, node.made])
      expect(await statusOf(url)).toBe(isReadable ? 200 : 503);
    await eventuallyWaiting(dramatis, paid);
    const backAt = performance.now();
    await eventually('the outage to last', () => performance.now() - backAt >= lastsMs, lastsMs + 10_000);
    expect(submitsOf(dramatis)).toBe(1 + runs);
  } finally {
    await fault.end();
  }
  const ended = await Promise.all([...paid, ...later].map((id) => dramatis.settle(id)));
  await expectKept(dramatis, ended);
  expect(dramatis.simulator.bill).toHaveLength(1 + ended.length);
  expect(await readiness(dramatis)).toMatchObject({ status: 200, body: { storage: 'ok' } });
}

/** Every run has its picture, and each can be fetched. */
async function expectKept(dramatis: Dramatis, ended: readonly GenerationState[]): Promise<void> {
  expect(ended.map(({ status, failure }) => [status, failure])).toEqual(ended.map(() => ['COMPLETED', null]));
  const found = await Promise.all(ended.map(({ images }) => statusOf(images[0]?.image.url ?? '')));
  expect(found).toEqual(ended.map(() => 200));
  const [left] = await dramatis.database.query(
    'SELECT count(*)::int AS count FROM generations WHERE waiting_for IS NOT NULL',
  );
  expect(left).toEqual({ count: 0 });
}
