import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { mountStorage, type StorageDisk } from '../support/faulty-storage.ts';

let dramatis: Dramatis;
let disk: StorageDisk;
let characterId: string;
let projectId: string;
/** Of her face, which every run is given. */
let path: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({ servers: 0 });
  disk = await mountStorage(dramatis);
  dramatis.url = (await dramatis.startServer()).url ?? '';
});
afterAll(() => dramatis.stop());
beforeEach(async () => {
  ({ characterId, projectId } = await dramatis.cast());
  const { character } = await dramatis.get(
    'query ($id: ID!) { character(id: $id) { referenceImages(first: 1, kind: FACE) { image { sha256 } } } }',
    { id: characterId },
  );
  const { sha256 } = character.referenceImages[0].image;
  path = join(
    disk.folder,
    'projects',
    fromGlobalId('Project', projectId),
    'blobs',
    sha256.slice(0, 2),
    sha256,
  );
  // The provider has no copy of it.
  await dramatis.database.query('DELETE FROM provider_assets');
});

const submits = () =>
  dramatis.simulator.requests.filter(({ method, path }) => method === 'POST' && /^\/v[12]\//.test(path))
    .length;
/** What is left of the project's slots and holds when nothing is under way: nothing. */
async function expectNothingHeld(): Promise<void> {
  const id = fromGlobalId('Project', projectId);
  const [left] = await dramatis.database.query(
    `SELECT p.active_generations AS slots, (SELECT sum(CASE 'HELD' WHEN debit::text THEN amount_micros WHEN credit::text
       THEN -amount_micros ELSE 0 END)::text FROM ledger_entries WHERE project_id = p.id) AS held
     FROM projects p WHERE p.id = $1`,
    [id],
  );
  expect(left).toEqual({ slots: 0, held: '0' });
}
const askFor = (count: number) =>
  Promise.all(Array.from({ length: count }, () => dramatis.generate(characterId)));

describe('a run whose picture is gone fails with the reason, at no cost', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['deleted', () => rm(path)],
    ['cut short', () => truncate(path, 50)],
    ['another picture', () => writeFile(path, 'something else')],
    ['unreadable', () => rm(path).then(() => mkdir(path))],
  ])('%s', async (_, damage) => {
    await damage();
    const before = submits();
    // More than there are slots: none is kept.
    const ids = await askFor(25);
    const ended = await Promise.all(ids.map((id) => dramatis.settle(id)));
    for (const { status, cost, failure } of ended) {
      expect([status, cost]).toEqual(['FAILED', '0.000000']);
      expect(failure).toMatchObject({ code: 'REFERENCE_MISSING', retryable: true });
      expect(failure?.message).toContain('subject');
    }
    expect(submits()).toBe(before);
    await expectNothingHeld();
  });
});

it('the same picture, uploaded once more, is there again: the run can be repeated', async () => {
  await writeFile(path, 'damaged');
  const [id = ''] = await askFor(1);
  await dramatis.settle(id);
  await dramatis.addReference(characterId, 'FACE', '#c46');
  const { retryGeneration } = await dramatis.get(
    'mutation ($input: RetryGenerationInput!) { retryGeneration(input: $input) { generation { id } userErrors { code } } }',
    { input: { id } },
  );
  expect(await dramatis.settle(retryGeneration.generation.id)).toMatchObject({ status: 'COMPLETED' });
});

it('a picture that the provider has a copy of is not needed here', async () => {
  await dramatis.settle(await dramatis.generate(characterId));
  await rm(path);
  expect(await dramatis.settle(await dramatis.generate(characterId))).toMatchObject({ status: 'COMPLETED' });
});

it('when all pictures are gone they are not missing: runs wait, and go on when the volume is back', async () => {
  await disk.faults.gone.begin();
  const ids = await askFor(5);
  await eventually('the runs to say why they wait', async () => {
    const { nodes } = await dramatis.get(
      'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Generation { status waitingFor { reason } } } }',
      { ids },
    );
    return nodes.every(
      (each: { status: string; waitingFor: { reason: string } | null }) =>
        each.status === 'QUEUED' && each.waitingFor?.reason === 'STORAGE',
    );
  });
  await disk.faults.gone.end();
  const ended = await Promise.all(ids.map((id) => dramatis.settle(id)));
  expect(ended.map(({ status }) => status)).toEqual(ids.map(() => 'COMPLETED'));
});

it('a worker on the folder of another installation fails nothing: one on the right folder goes on', async () => {
  const waiting = await Dramatis.start({ servers: 0, environment: { ROLE: 'api' } });
  try {
    waiting.url = (await waiting.startServer()).url ?? '';
    const cast = await waiting.cast();
    const elsewhere = join(waiting.environment.DATA_DIR ?? '', 'elsewhere');
    await mkdir(join(elsewhere, 'storage'), { recursive: true });
    await writeFile(join(elsewhere, 'storage', '.identity'), 'another\n');
    const wrong = await waiting.startServer({ ROLE: 'worker', DATA_DIR: elsewhere });
    const id = await waiting.generate(cast.characterId);
    await eventually('the run to wait', async () => {
      const { generation } = await waiting.get(
        'query ($id: ID!) { generation(id: $id) { status waitingFor { reason } } }',
        { id },
      );
      return generation.status === 'QUEUED' && generation.waitingFor?.reason === 'STORAGE';
    });
    await wrong.stop();
    await waiting.startServer({ ROLE: 'worker' });
    expect(await waiting.settle(id)).toMatchObject({ status: 'COMPLETED' });
  } finally {
    await waiting.stop();
  }
});
