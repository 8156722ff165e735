import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Running } from '../../src/boot.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { note, notesFolder } from '../support/noted.ts';
import { mutate } from '../support/people.ts';

/*
 * A database that went back knows neither that a run was paid nor, perhaps, the account that it was paid with. The books of
 * another account prove nothing about it.
 */
const admin = { key: 'test_admin_key_0123456789' };
const ownKey = 'SG_of_the_project_0123';
let dramatis: Dramatis;
let running: Running;
let projectId: string;
let characterId: string;
beforeEach(async () => {
  dramatis = await Dramatis.start({ servers: 0, environment: { RECONCILE_AFTER_MS: '200' } });
  dramatis.environment.SEGMIND_GENERATIONS_URL = `${dramatis.simulator.url}/inference-request/request-history`;
  await start();
  ({ projectId, characterId } = await dramatis.cast());
  await limit(0);
});
afterEach(() => dramatis.stop());

async function start(): Promise<void> {
  running = await dramatis.startServer();
  dramatis.url = running.url ?? '';
}

const query = (text: string) => dramatis.database.query(text);
const limit = (maxConcurrentGenerations: number) =>
  mutate(
    dramatis,
    admin,
    'updateProjectLimits',
    { id: projectId, maxConcurrentGenerations },
    'project { id }',
  );
const setKey = () =>
  mutate(dramatis, admin, 'setProviderKey', { projectId, key: ownKey }, 'project { id }').then(
    ({ userErrors }) => expect(userErrors).toEqual([]),
  );
const ended = (prompt: string) =>
  eventually('it to be paid', async () => (await rowOf(prompt))?.status === 'COMPLETED');
const rowOf = async (prompt: string) =>
  (await query(`SELECT status, provider_account FROM generations WHERE prompt = '${prompt}'`))[0];

/** Puts the database back to before the key was set and `prompt` was paid. */
async function goBack(prompt: string): Promise<void> {
  await running.stop();
  await query('ALTER TABLE generations DISABLE TRIGGER USER');
  await query(`UPDATE generations SET status = 'QUEUED', attempt_token = NULL, attempted_at = NULL,
    provider_request_id = NULL, provider_account = NULL, submitted_at = NULL, started_at = NULL, finished_at = NULL,
    cost_micros = NULL, cost_source = NULL WHERE prompt = '${prompt}'`);
  await query('ALTER TABLE generations ENABLE TRIGGER USER');
  await query('DELETE FROM provider_keys WHERE project_id IS NOT NULL');
  await query('TRUNCATE submit_intents');
  note(await notesFolder(dramatis.environment.DATA_DIR, query));
  await start();
}

async function reconcile(): Promise<void> {
  await eventually('the doubt to be old enough', async () => {
    const young =
      "SELECT 1 FROM generations WHERE status = 'UNCERTAIN' AND attempted_at > now() - interval '300 ms'";
    return (await query(young)).length === 0;
  });
  for (let times = 0; times < 3; times += 1)
    await dramatis.get('mutation { reconcile(input: {}) { userErrors { code } } }');
}

it('a run is in doubt with the account that its project used, though the database does not know its key', async () => {
  await dramatis.generate(characterId, 'paid');
  await setKey();
  await limit(20);
  await ended('paid');
  const { provider_account: account } = (await rowOf('paid')) ?? {};
  await goBack('paid');
  expect(await rowOf('paid')).toEqual({ status: 'UNCERTAIN', provider_account: account });
  await reconcile();
  expect(await rowOf('paid')).toMatchObject({ status: 'UNCERTAIN' });
});

it('a run is in doubt with no account where it may have been one of several, and no list settles it', async () => {
  await limit(20);
  await dramatis.generate(characterId, 'before');
  await ended('before');
  await limit(0);
  await dramatis.generate(characterId, 'paid');
  await setKey();
  await limit(20);
  await ended('paid');
  await goBack('paid');
  expect(await rowOf('paid')).toEqual({ status: 'UNCERTAIN', provider_account: null });
  await reconcile();
  expect(await rowOf('paid')).toMatchObject({ status: 'UNCERTAIN' });
});
