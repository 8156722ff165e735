import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { adminKey, Dramatis, eventually, picture } from '../support/dramatis.ts';

let dramatis: Dramatis;
afterEach(() => dramatis.stop());

async function readiness() {
  const response = await fetch(`${dramatis.url}/readyz`);
  return { status: response.status, body: (await response.json()) as { storage?: string } };
}

async function upload(projectId: string, colour: string): Promise<number> {
  const response = await fetch(`${dramatis.url}/images?projectId=${encodeURIComponent(projectId)}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'image/png' },
    body: new Uint8Array(await picture(colour)),
  });
  return response.status;
}

it('whatever folder of ours is removed while the server runs is made again; only the place of all pictures is not', async () => {
  dramatis = await Dramatis.start();
  const directory = dramatis.environment.DATA_DIR ?? '';
  const { projectId, characterId } = await dramatis.cast();
  const first = await dramatis.settle(await dramatis.generate(characterId));
  const variant = 'query ($id: ID!) { node(id: $id) { ... on Image { url(width: 33) } } }';
  const { node } = await dramatis.get(variant, { id: first.images[0]?.image.id });
  const preview = async () => (await fetch(node.url)).status;
  expect(await preview()).toBe(200);
  const ofProject = join('storage', 'projects', fromGlobalId('Project', projectId));
  const [database = ''] = await readdir(join(directory, 'intents'));
  const folders = [
    join('storage', 'unfinished'),
    join(ofProject, 'variants'),
    join('intents', database, 'accounts'),
    join('intents', database),
    'intents',
  ];
  for (const [index, name] of folders.entries()) {
    await rm(join(directory, name), { recursive: true });
    expect([name, await upload(projectId, `#00${index}`), await preview()]).toEqual([name, 201, 200]);
    const run = await dramatis.settle(await dramatis.generate(characterId, name));
    expect([name, run.status]).toEqual([name, 'COMPLETED']);
    expect(await readdir(join(directory, dirname(name)))).toContain(basename(name));
  }
  // Pictures that are gone are no reason not to take new ones.
  await rm(join(directory, ofProject), { recursive: true });
  expect([await upload(projectId, '#009'), await preview()]).toEqual([201, 404]);
  expect(await readiness()).toMatchObject({ status: 200 });

  const storage = join(directory, 'storage');
  await rename(storage, `${storage}-away`);
  expect(await upload(projectId, '#010')).toBe(503);
  // What was found is told for a second.
  await eventually('the server to say so', async () => {
    const { status, body } = await readiness();
    return status === 503 && body.storage === 'cannot be written: NOT_MOUNTED';
  });
  expect(await readdir(directory)).not.toContain('storage');
  await rename(`${storage}-away`, storage);
  await eventually('the storage to be well', async () => (await readiness()).status === 200);
  expect(await upload(projectId, '#010')).toBe(201);
});
