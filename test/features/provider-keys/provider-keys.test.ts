import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../../src/platform/reads/global-id.ts';
import { Dramatis, eventually } from '../../support/dramatis.ts';
import { apiKey, mutate, type Person, team } from '../../support/people.ts';
import { seed } from '../../support/seed.ts';

const serverKey = 'SG_0123456789abcdef';
const ownKey = 'SG_own_0123456789wxyz';
const nextKey = 'SG_next_0123456789abcd';
const master = (kid: string) => `${kid}:${randomBytes(32).toString('base64')}`;
const [oldMaster, newMaster] = [master('old'), master('new')];

let dramatis: Dramatis;
let cast: Awaited<ReturnType<typeof team>>;
let characterId: string;
beforeEach(async () => {
  dramatis = await Dramatis.start({
    simulator: { apiKeys: [serverKey, ownKey, nextKey] },
    environment: { KEY_ENCRYPTION_KEYS: oldMaster },
  });
  const made = await seed(dramatis).team().character().face().make();
  cast = made;
  characterId = made.characterId;
});
afterEach(() => dramatis.stop());

async function character({ owner, projectId }: { owner: Person; projectId: string }): Promise<string> {
  const made = await mutate(
    dramatis,
    owner,
    'createCharacter',
    { projectId, name: 'Mara' },
    'character { id }',
  );
  await dramatis.addReference(made.character.id, 'FACE', '#c46');
  return made.character.id;
}

const set = (key: string, who: Person = cast.owner, projectId = cast.projectId) =>
  mutate(
    dramatis,
    who,
    'setProviderKey',
    { projectId, key },
    'project { providerKey { lastFour createdAt } }',
  );
const remove = () =>
  mutate(
    dramatis,
    cast.owner,
    'removeProviderKey',
    { projectId: cast.projectId },
    'project { providerKey { lastFour } }',
  );
/** The name of the master key that sealed a row's key. */
function masterOf(row: Record<string, unknown> | undefined): string {
  const [header = ''] = String(row?.ciphertext).split('.');
  return JSON.parse(Buffer.from(header, 'base64url').toString()).kid;
}
const rows = () => dramatis.database.query('SELECT * FROM provider_keys ORDER BY created_at');
/** The keys that submits came with, in order. */
const submittedWith = () =>
  dramatis.simulator.requests
    .filter(({ method, path }) => method === 'POST' && path.startsWith('/v2/'))
    .map(({ headers }) => headers['x-api-key']);

it('pays from then on for the runs of its project, and for no others', async () => {
  await dramatis.settle(await dramatis.generate(characterId));
  const { project } = await set(ownKey);
  expect(project.providerKey.lastFour).toBe('wxyz');
  await dramatis.settle(await dramatis.generate(characterId));
  const other = await character(await team(dramatis));
  await dramatis.settle(await dramatis.generate(other));
  expect((await remove()).project.providerKey).toBeNull();
  await dramatis.settle(await dramatis.generate(characterId));
  expect(submittedWith()).toEqual([serverKey, ownKey, serverKey, serverKey]);
  // Uploads, polls and all else of such a run went with the same key as its submit.
  const own = dramatis.simulator.requests
    .filter(({ headers }) => headers['x-api-key'] === ownKey)
    .map(({ path }) => path);
  expect(own.some((path) => path === '/upload-asset')).toBe(true);
  expect(own.some((path) => path.endsWith('/status'))).toBe(true);
});

it('is refused by the provider, or cannot be asked about: then nothing changes', async () => {
  await set(ownKey);
  const refused = await set('SG_wrong_0123456789');
  expect(refused).toMatchObject({
    project: null,
    userErrors: [{ code: 'PROVIDER_KEY_REFUSED', path: ['input', 'key'] }],
  });
  dramatis.simulator.onRequest = ({ path }) => {
    if (path === '/v1/get-user-credits') throw new Error('the socket is cut');
  };
  expect((await set(nextKey)).userErrors).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
  dramatis.simulator.onRequest = undefined;
  for (const key of [
    'short',
    'with a space in the middle',
    `SG_${'x'.repeat(300)}`,
    'SG_0123456789\u00e4bcdef',
    'SG_0123456789\nabcdef',
  ]) {
    expect((await set(key)).userErrors).toMatchObject([{ code: 'INVALID_INPUT' }]);
  }
  expect(await rows()).toHaveLength(1);
});

it('is the owners’ business; keys do not touch it', async () => {
  const service = await apiKey(dramatis, cast.owner, cast.projectId, { role: 'OWNER' });
  for (const who of [cast.editor, cast.viewer, service])
    await expect(set(ownKey, who)).rejects.toThrow('FORBIDDEN');
  const { errors } = await dramatis.ask(
    `{ project(id: "${cast.projectId}") { providerKey { lastFour } } }`,
    {},
    cast.editor,
  );
  expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
});

it('finishes with the key it was submitted with, which is forgotten afterwards', async () => {
  await set(ownKey);
  dramatis.simulator.faults.push({ name: 'slow', arg: '8' });
  const run = await dramatis.generate(characterId);
  await eventually('the submit', () => submittedWith().length > 0);
  await set(nextKey);
  await dramatis.startServer();
  expect(await rows()).toHaveLength(2);
  expect((await dramatis.settle(run)).status).toBe('COMPLETED');
  const polls = dramatis.simulator.requests.filter(({ path }) => path.endsWith('/status'));
  expect(new Set(polls.map(({ headers }) => headers['x-api-key']))).toEqual(new Set([ownKey]));
  await dramatis.startServer();
  await eventually('the old key to go', async () => (await rows()).length === 1);
});

it('is kept until it is known what its runs have cost', async () => {
  await set(ownKey);
  const run = await dramatis.generate(characterId);
  expect((await dramatis.settle(run)).status).toBe('COMPLETED');
  // As where neither the provider nor the price list has told it.
  const costs = async (micros: string) => {
    await dramatis.database.query('ALTER TABLE generations DISABLE TRIGGER USER');
    await dramatis.database.query(`UPDATE generations SET cost_micros = ${micros}`);
    await dramatis.database.query('ALTER TABLE generations ENABLE TRIGGER USER');
  };
  await costs('NULL');
  await set(nextKey);
  // A sweep that has sealed them anew has looked before which of them can go.
  await dramatis.startServer({ KEY_ENCRYPTION_KEYS: `${newMaster},${oldMaster}` });
  await eventually('both to be sealed anew', async () =>
    (await rows()).every((row) => masterOf(row) === 'new'),
  );
  expect(await rows()).toHaveLength(2);
  await costs('price_micros');
  await dramatis.startServer();
  await eventually('the old key to go', async () => (await rows()).length === 1);
});

it('is asked for again when it changes while a run is made ready: what is submitted can be collected', async () => {
  await set(ownKey);
  let isChanged = false;
  dramatis.simulator.onRequest = async ({ path }) => {
    if (path !== '/upload-asset' || isChanged) return;
    isChanged = true;
    await set(nextKey);
  };
  expect((await dramatis.settle(await dramatis.generate(characterId))).status).toBe('COMPLETED');
  expect(submittedWith()).toEqual([nextKey]);
});

/** The run stays in the queue, and says that it waits for a key. */
async function waitsForKey(id: string): Promise<void> {
  const query = 'query ($id: ID!) { generation(id: $id) { status waitingFor { reason } } }';
  const look = async () => (await dramatis.get(query, { id })).generation;
  await eventually('the reason', async () => (await look()).waitingFor?.reason === 'PROVIDER_KEY');
  expect((await look()).status).toBe('QUEUED');
}

it('moved to another project’s row cannot be decrypted there, and does not delay other projects', async () => {
  await set(ownKey);
  const other = await team(dramatis);
  await dramatis.database.query(
    `INSERT INTO provider_keys (id, project_id, account, ciphertext, last_four)
     SELECT gen_random_uuid(), $1, account, ciphertext, last_four FROM provider_keys`,
    [fromGlobalId('Project', other.projectId)],
  );
  await waitsForKey(await dramatis.generate(await character(other)));
  expect(submittedWith()).toEqual([]);
  expect((await dramatis.settle(await dramatis.generate(characterId))).status).toBe('COMPLETED');
  expect(await dramatis.database.query('SELECT 1 FROM provider_pauses')).toEqual([]);
});

it('outlives a change of master keys, and is sealed anew so that the old one can go', async () => {
  const other = await Dramatis.start({ servers: 0 });
  const start = async (keys: string) => {
    const server = await other.startServer({ KEY_ENCRYPTION_KEYS: keys });
    other.url = server.url ?? '';
    return server;
  };
  try {
    const first = await start(oldMaster);
    const { owner, projectId } = await team(other);
    await mutate(other, owner, 'setProviderKey', { projectId, key: ownKey }, 'project { id }');
    const { characterId: drawn } = await seed(other).in({ projectId, owner }).character().face().make();
    await first.stop();
    const both = await start(`${newMaster},${oldMaster}`);
    await eventually('it to be sealed anew', async () => {
      const [row] = await other.database.query('SELECT ciphertext FROM provider_keys');
      return masterOf(row) === 'new';
    });
    await both.stop();
    await start(newMaster);
    const run = await other.settle(await other.generate(drawn));
    expect(run.status).toBe('COMPLETED');
    expect(other.simulator.requests.at(-1)?.headers['x-api-key'] ?? ownKey).toBe(ownKey);
  } finally {
    await other.stop();
  }
});

it('does not deadlock with the submits of a busy project', async () => {
  await set(ownKey);
  const runs = Array.from({ length: 20 }, () => dramatis.generate(characterId));
  const outcomes = await Promise.allSettled([
    ...runs,
    ...Array.from({ length: 10 }, (_, index) => (index % 2 ? set(nextKey) : remove())),
  ]);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
  for (const id of await Promise.all(runs)) expect((await dramatis.settle(id)).status).toBe('COMPLETED');
});

it('that was sealed by the key in the data folder is read, and sealed anew, when master keys are set', async () => {
  const other = await Dramatis.start({ servers: 0 });
  try {
    const first = await other.startServer();
    other.url = first.url ?? '';
    const { owner, projectId } = await team(other);
    await mutate(other, owner, 'setProviderKey', { projectId, key: ownKey }, 'project { id }');
    await first.stop();
    await other.startServer({ KEY_ENCRYPTION_KEYS: newMaster });
    await eventually('it to be sealed anew', async () => {
      const [row] = await other.database.query('SELECT ciphertext FROM provider_keys');
      return (
        JSON.parse(Buffer.from(String(row?.ciphertext).split('.')[0] ?? '', 'base64url').toString()).kid ===
        'new'
      );
    });
  } finally {
    await other.stop();
  }
});

it('holds the project’s runs up, and says why, when no server has the master key any more', async () => {
  await set(ownKey);
  await dramatis.database.query("UPDATE provider_keys SET ciphertext = replace(ciphertext, '.', '.A')");
  const id = await dramatis.generate(characterId);
  await waitsForKey(id);
  // Canceling is free, and so is another key.
  await set(nextKey);
  expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
  expect(submittedWith()).toEqual([nextKey]);
});
