import { afterEach, describe, expect, it } from '@jest/globals';
import { Dramatis, eventually, picture } from '../support/dramatis.ts';
import { mountStorage, type StorageDisk, type StorageFault } from '../support/ill-storage.ts';

let dramatis: Dramatis;
afterEach(() => dramatis.stop());

/** A server whose pictures are on a disk that can be made ill; a run takes about a second. */
async function start(environment: Record<string, string> = {}): Promise<StorageDisk> {
  dramatis = await Dramatis.start({ simulator: { speed: 60 }, environment, servers: 0 });
  const disk = await mountStorage(dramatis);
  dramatis.url = (await dramatis.startServer()).url ?? '';
  return disk;
}

const submits = () =>
  dramatis.simulator.requests.filter(({ method, path }) => method === 'POST' && /^\/v[12]\//.test(path));
const askFor = (characterId: string, count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => dramatis.generate(characterId, `run ${index}`)));
const bytesOf = async (url: string) => {
  const response = await fetch(url);
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
};
async function waits(ids: readonly string[]) {
  const { nodes } = await dramatis.get(
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Generation { status waitingFor { reason since } } } }',
    { ids },
  );
  return nodes as { status: string; waitingFor: { reason: string } | null }[];
}
async function readiness() {
  const response = await fetch(`${dramatis.url}/readyz`);
  return { status: response.status, body: await response.json() };
}

/** What must be true while pictures cannot be stored. Resolves to the runs that were asked for meanwhile. */
async function expectPatience(characterId: string, projectId: string, stored: string): Promise<string[]> {
  const before = submits().length;
  const later = await askFor(characterId, 4);
  await eventually('the runs to say why they wait', async () =>
    (await waits(later)).every(({ waitingFor }) => waitingFor?.reason === 'STORAGE'),
  );
  expect((await waits(later)).map(({ status }) => status)).toEqual(later.map(() => 'QUEUED'));
  expect(submits()).toHaveLength(before);
  expect(await readiness()).toMatchObject({
    status: 503,
    body: { storage: expect.stringMatching('cannot be written') },
  });

  const bytes = await picture('#123', 64);
  const upload = await fetch(`${dramatis.url}/images?projectId=${encodeURIComponent(projectId)}`, {
    method: 'POST',
    headers: { authorization: 'Bearer test_admin_key_0123456789', 'content-type': 'image/png' },
    body: new Uint8Array(bytes),
  });
  expect([upload.status, await upload.json()]).toMatchObject([
    503,
    { errors: [{ extensions: { code: 'STORAGE_UNAVAILABLE' } }] },
  ]);
  const source = { base64: bytes.toString('base64') };
  const { errors } = await dramatis.ask(
    'mutation ($input: AddReferenceImageInput!) { addReferenceImage(input: $input) { userErrors { code } } }',
    { input: { characterId, kind: 'BODY', source } },
  );
  expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['STORAGE_UNAVAILABLE']);
  expect(stored).not.toBe('');
  return later;
}

/** Runs are under way, and paid, when the fault begins; it ends some time after the last has come back. */
async function surviveOutage(fault: StorageFault, isReadable: boolean): Promise<void> {
  const { characterId, projectId } = await dramatis.cast();
  const { images } = await dramatis.settle(await dramatis.generate(characterId, 'before'));
  const stored = images[0]?.image.url ?? '';
  const small = await dramatis.get(
    'query ($id: ID!) { node(id: $id) { ... on Image { url(width: 77, format: WEBP) } } }',
    { id: images[0]?.image.id },
  );

  const ids = await askFor(characterId, 16);
  await eventually('all to be taken', () => submits().length === 17);
  await fault.begin();
  try {
    const later = await expectPatience(characterId, projectId, stored);
    if (isReadable) {
      expect((await bytesOf(stored)).status).toBe(200);
      // Made, though it cannot be kept.
      expect((await bytesOf(small.node.url)).status).toBe(200);
    } else expect((await bytesOf(stored)).status).toBe(503);
    await eventually('all that is paid to wait', async () =>
      (await waits(ids)).every(({ waitingFor }) => waitingFor?.reason === 'STORAGE'),
    );
    expect(submits()).toHaveLength(17);
    ids.push(...later);
  } finally {
    await fault.end();
  }
  const ended = await Promise.all(ids.map((id) => dramatis.settle(id)));
  expect(ended.map(({ status, failure }) => [status, failure])).toEqual(ids.map(() => ['COMPLETED', null]));
  for (const { images } of ended) expect((await bytesOf(images[0]?.image.url ?? '')).status).toBe(200);
  expect(dramatis.simulator.bill).toHaveLength(1 + ids.length);
  expect((await waits(ids)).filter(({ waitingFor }) => waitingFor !== null)).toEqual([]);
  expect(await readiness()).toMatchObject({ status: 200, body: { storage: 'ok' } });
}

describe.each(['v1', 'v2'])('paid pictures outlast a disk over %s', (transport) => {
  it.each([
    ['full', true],
    ['inodes', true],
    ['readOnly', true],
    ['gone', false],
  ] as const)('%s', async (name, isReadable) => {
    const { faults, isMounted } = await start({ SEGMIND_TRANSPORT: transport });
    await surviveOutage(faults[name], isReadable && isMounted);
  });
});
