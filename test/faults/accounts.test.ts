import { randomBytes } from 'node:crypto';
import { afterEach, expect, it } from '@jest/globals';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { mutate } from '../support/people.ts';

/*
 * A run belongs to the account that took it: another account knows nothing of it, whatever it answers.
 */
const firstKey = 'SG_first_0123456789abc';
const secondKey = 'SG_second_0123456789ab';
const otherKey = 'SG_other_0123456789abc';
const admin = { key: 'test_admin_key_0123456789' };
const master = (kid: string) => `${kid}:${randomBytes(32).toString('base64')}`;

let dramatis: Dramatis;
let apiKeys: string[];
afterEach(() => dramatis.stop());

/** The first two keys are of one account, the third is of another. */
async function begin(environment: Record<string, string> = {}) {
  apiKeys = [firstKey, secondKey, otherKey];
  dramatis = await Dramatis.start({
    servers: 0,
    simulator: { apiKeys, accounts: (key) => (key === otherKey ? 'other' : 'ours') },
    environment: { SEGMIND_API_KEY: firstKey, ...environment },
  });
  for (const key of apiKeys) dramatis.secrets.keep(key);
}

async function server(environment: Record<string, string> = {}) {
  const running = await dramatis.startServer(environment);
  dramatis.url = running.url ?? '';
  return running;
}

const look = async (id: string) =>
  (
    await dramatis.get(
      'query ($id: ID!) { generation(id: $id) { status cost waitingFor { reason since } failure { code } } }',
      { id },
    )
  ).generation;
/** A run that the provider has, and that takes some seconds there. */
async function submitted(slow = 20): Promise<string> {
  const { characterId } = await dramatis.cast();
  const id = await dramatis.generate(characterId, `slow [[simulate:slow=${slow}]]`);
  await eventually('the submit', async () => /SUBMITTED|PROCESSING/.test((await look(id)).status));
  return id;
}
/** With which keys it was asked after runs since a moment. */
const asked = (since = 0) =>
  dramatis.simulator.requests
    .slice(since)
    .flatMap(({ path, headers }) => (path.includes('/requests/') ? [String(headers['x-api-key'])] : []));

it('the server has a key of another account: runs of the first are asked after with the first, kept sealed', async () => {
  await begin();
  const first = await server();
  const id = await submitted();
  await first.stop();
  const since = dramatis.simulator.requests.length;
  await server({ SEGMIND_API_KEY: otherKey });
  expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
  expect(new Set(asked(since))).toEqual(new Set([firstKey]));
  // New runs go to the new account.
  const { characterId } = await dramatis.cast();
  await dramatis.settle(await dramatis.generate(characterId));
  expect(asked(since)).toContain(otherKey);
});

it('a rotated key of the same account loses nothing, though the old one is refused from that moment on', async () => {
  await begin();
  const first = await server();
  const id = await submitted();
  await first.stop();
  apiKeys.splice(apiKeys.indexOf(firstKey), 1);
  await server({ SEGMIND_API_KEY: secondKey });
  expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
});

it('a rotated key of the same account loses nothing, though the old one can be read by no process any more', async () => {
  await begin({ KEY_ENCRYPTION_KEYS: master('lost') });
  const first = await server();
  const id = await submitted();
  await first.stop();
  await server({ SEGMIND_API_KEY: secondKey, KEY_ENCRYPTION_KEYS: master('found') });
  expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
});

it('no key of its account is left: the run waits, says why, and is not ended by what another account says', async () => {
  await begin({ SEGMIND_RETENTION_MS: '60000' });
  const first = await server();
  const id = await submitted(30);
  await first.stop();
  await dramatis.database.query('DELETE FROM server_keys');
  const since = dramatis.simulator.requests.length;
  const second = await server({ SEGMIND_API_KEY: otherKey });
  await eventually('the reason', async () => (await look(id)).waitingFor?.reason === 'PROVIDER_KEY');
  // The other account has said several times that there is no such run.
  await eventually('the answers of the other account', () => asked(since).length > 8);
  expect(new Set(asked(since))).toEqual(new Set([otherKey]));
  expect(await look(id)).toMatchObject({ failure: null, cost: null });
  await second.stop();
  // With the key back it goes on where it was.
  await server({ SEGMIND_API_KEY: firstKey });
  expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
  expect((await look(id)).waitingFor).toBeNull();
});

it('no key comes back in time: the run ends once the provider has forgotten it, and says so', async () => {
  await begin({ SEGMIND_RETENTION_MS: '4000' });
  const first = await server();
  const id = await submitted(10);
  await first.stop();
  await dramatis.database.query('DELETE FROM server_keys');
  await server({ SEGMIND_API_KEY: otherKey });
  const { status, failure } = await dramatis.settle(id);
  expect({ status, code: failure?.code }).toEqual({ status: 'FAILED', code: 'RESULT_EXPIRED' });
  expect(failure?.message).toContain('No usable key of the account');
});

it('kept keys go once the runs have settled and no process has them any more', async () => {
  await begin();
  const first = await server();
  await dramatis.settle(await submitted(1));
  await first.stop();
  const keys = async () => (await dramatis.database.query('SELECT account FROM server_keys')).length;
  const second = await server({ SEGMIND_API_KEY: otherKey });
  expect(await keys()).toBe(2);
  await second.stop();
  await dramatis.database.query("UPDATE server_keys SET used_at = now() - interval '2 days'");
  await server({ SEGMIND_API_KEY: otherKey });
  await eventually('the sweep', async () => (await keys()) === 1);
});

it('master keys are rotated by a rolling restart: what one process cannot read it leaves to another', async () => {
  const [oldMaster, newMaster] = [master('old'), master('new')];
  await begin({ KEY_ENCRYPTION_KEYS: oldMaster });
  await server();
  const { projectId, characterId } = await dramatis.cast();
  const set = () => mutate(dramatis, admin, 'setProviderKey', { projectId, key: otherKey }, 'project { id }');
  await set();
  // The second process has the new key first, and seals with it what the first cannot read.
  await server({ KEY_ENCRYPTION_KEYS: `${newMaster},${oldMaster}` });
  await set();
  const runs = [];
  for (let count = 0; count < 12; count += 1) runs.push(await dramatis.generate(characterId));
  for (const id of runs)
    expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED', failure: null });
});

it('a key that no process can read holds its runs up, costs nothing, and says so', async () => {
  await begin({ KEY_ENCRYPTION_KEYS: master('lost') });
  const first = await server();
  const { projectId, characterId } = await dramatis.cast();
  await mutate(dramatis, admin, 'setProviderKey', { projectId, key: otherKey }, 'project { id }');
  await first.stop();
  const found = master('found');
  const second = await server({ KEY_ENCRYPTION_KEYS: found });
  const id = await dramatis.generate(characterId);
  await eventually('the reason', async () => (await look(id)).waitingFor?.reason === 'PROVIDER_KEY');
  expect(await look(id)).toMatchObject({ status: 'QUEUED', failure: null });
  // The owner sets it again.
  await mutate(dramatis, admin, 'setProviderKey', { projectId, key: otherKey }, 'project { id }');
  expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
  await second.stop();
});
