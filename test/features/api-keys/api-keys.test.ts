import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { adminKey, Dramatis, generateMutation } from '../../support/dramatis.ts';
import { eventually } from '../../support/eventually.ts';
import { apiKey, mutate, type Person, team, token } from '../../support/people.ts';

let dramatis: Dramatis;
let cast: Awaited<ReturnType<typeof team>>;
beforeAll(async () => {
  dramatis = await Dramatis.start();
});
afterAll(() => dramatis.stop());
beforeEach(async () => {
  cast = await team(dramatis);
});

const viewerQuery =
  '{ viewer { kind expiresAt user { email } apiKey { name role kind lastUsedAt project { id viewerRole } } } }';
const see = async (who: Person) => {
  const { status, data } = await dramatis.ask(viewerQuery, {}, who);
  return status === 401 ? null : data.viewer;
};

describe('a key', () => {
  it('is shown once and kept as its hash', async () => {
    const { key } = await apiKey(dramatis, cast.owner, cast.projectId);
    expect(key).toMatch(/^dramatis_key_[\w-]{43}$/);
    const [row] = await dramatis.database.query('SELECT * FROM api_keys ORDER BY created_at DESC LIMIT 1');
    expect(row?.secret_hash).toBe(createHash('sha256').update(key).digest('hex'));
    expect(JSON.stringify(row)).not.toContain(key.slice(-30));
    expect(key.startsWith(String(row?.prefix))).toBe(true);
  });

  it('says who it is, and notes when it was last used', async () => {
    const key = await apiKey(dramatis, cast.owner, cast.projectId);
    const { viewer } = await dramatis.get(viewerQuery, {}, key);
    expect(viewer).toMatchObject({ kind: 'API_KEY', user: null, expiresAt: null });
    expect(viewer.apiKey).toMatchObject({
      name: 'tests',
      role: 'EDITOR',
      kind: 'SERVICE',
      project: { id: cast.projectId, viewerRole: 'EDITOR' },
    });
    expect(Date.now() - Date.parse(viewer.apiKey.lastUsedAt)).toBeLessThan(60_000);
  });

  it('that comes many times at once has its use noted once', async () => {
    const { query } = dramatis.database;
    await query('CREATE TABLE noted (key_id uuid)');
    await query(`CREATE FUNCTION note_use() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO noted VALUES (NEW.id); RETURN NULL; END $$`);
    await query(
      'CREATE TRIGGER note_use AFTER UPDATE OF last_used_at ON api_keys FOR EACH ROW EXECUTE FUNCTION note_use()',
    );
    const key = await apiKey(dramatis, cast.owner, cast.projectId);
    await Promise.all(Array.from({ length: 30 }, () => see(key)));
    expect(await query('SELECT * FROM noted')).toHaveLength(1);
    await query('DROP FUNCTION note_use CASCADE');
    await query('DROP TABLE noted');
  });

  it('opens one project only', async () => {
    const key = await apiKey(dramatis, cast.owner, cast.projectId);
    const other = (await team(dramatis)).projectId;
    const { errors } = await dramatis.ask(`{ project(id: "${other}") { id } }`, {}, key);
    expect(errors?.[0]?.extensions.code).toBe('NOT_FOUND');
    const { data } = await dramatis.ask('{ projects(first: 9) { totalCount nodes { id } } }', {}, key);
    expect(data.projects).toEqual({ totalCount: 1, nodes: [{ id: cast.projectId }] });
    await expect(mutate(dramatis, key, 'createProject', { name: 'x' }, 'project { id }')).rejects.toThrow(
      'FORBIDDEN',
    );
  });

  it('ends when revoked, at once and for good', async () => {
    const key = await apiKey(dramatis, cast.owner, cast.projectId);
    await mutate(dramatis, cast.owner, 'revokeApiKey', { id: key.id }, 'apiKey { revokedAt }');
    expect(await see(key)).toBeNull();
    const again = await mutate(dramatis, cast.owner, 'revokeApiKey', { id: key.id }, 'apiKey { revokedAt }');
    expect(again.apiKey.revokedAt).not.toBeNull();
  });

  it('ends by itself when it expires', async () => {
    const soon = new Date(Date.now() + 1_500).toISOString();
    const key = await apiKey(dramatis, cast.owner, cast.projectId, { expiresAt: soon });
    expect((await see(key))?.expiresAt).toBe(soon);
    await eventually('it to end', async () => (await see(key)) === null);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(soon));
    await expect(
      apiKey(dramatis, cast.owner, cast.projectId, { expiresAt: '2020-01-01T00:00:00Z' }),
    ).rejects.toThrow('expiresAt must be in the future');
  });

  it('is not made, listed or revoked by a key, whatever its role', async () => {
    const key = await apiKey(dramatis, cast.owner, cast.projectId, { role: 'OWNER' });
    await expect(apiKey(dramatis, key, cast.projectId)).rejects.toThrow('FORBIDDEN');
    await expect(mutate(dramatis, key, 'revokeApiKey', { id: key.id }, 'apiKey { id }')).rejects.toThrow(
      'FORBIDDEN',
    );
    const { errors } = await dramatis.ask(
      `{ project(id: "${cast.projectId}") { apiKeys(first: 1) { totalCount } } }`,
      {},
      key,
    );
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });
});

describe('a personal key', () => {
  const personal = (who: Person, role: string) =>
    apiKey(dramatis, who, cast.projectId, { kind: 'PERSONAL', role });

  it('is at most what its person is, now and later', async () => {
    await expect(personal(cast.editor, 'OWNER')).rejects.toThrow('role must not be higher than your own');
    await expect(personal({ key: adminKey }, 'VIEWER')).rejects.toThrow('FORBIDDEN');
    const key = await personal(cast.editor, 'EDITOR');
    expect((await see(key))?.user.email).toBe('edgar@example.test');
    await mutate(
      dramatis,
      cast.owner,
      'changeMemberRole',
      { id: cast.editorMember, role: 'VIEWER' },
      'member { id }',
    );
    const input = { projectId: cast.projectId, name: 'No' };
    await expect(mutate(dramatis, key, 'createCharacter', input, 'character { id }')).rejects.toThrow(
      'FORBIDDEN',
    );
    expect((await see(key))?.apiKey.project.viewerRole).toBe('VIEWER');
  });

  it('ends with the membership, and does not wake up with the next one', async () => {
    const key = await personal(cast.editor, 'EDITOR');
    await mutate(dramatis, cast.owner, 'removeMember', { id: cast.editorMember }, 'member { id }');
    expect(await see(key)).toBeNull();
    await cast.join(cast.editor, 'edgar@example.test', 'EDITOR');
    expect(await see(key)).toBeNull();
  });

  it('is seen by its person and by owners, not by other members', async () => {
    const key = await personal(cast.editor, 'EDITOR');
    const list = async (who: Person) => {
      const { data } = await dramatis.ask(
        `{ project(id: "${cast.projectId}") { apiKeys(first: 9) { totalCount nodes { id } } } }`,
        {},
        who,
      );
      return JSON.stringify(data).includes(key.id);
    };
    expect(await Promise.all([cast.owner, cast.editor, cast.viewer].map(list))).toEqual([true, true, false]);
    await expect(
      mutate(dramatis, cast.viewer, 'revokeApiKey', { id: key.id }, 'apiKey { id }'),
    ).rejects.toThrow('FORBIDDEN');
    await mutate(dramatis, cast.editor, 'revokeApiKey', { id: key.id }, 'apiKey { id }');
    await expect(
      apiKey(dramatis, cast.editor, cast.projectId, { kind: 'SERVICE', role: 'VIEWER' }),
    ).rejects.toThrow('FORBIDDEN');
  });
});

it('a key for some models runs those only, and buys nothing else', async () => {
  await expect(apiKey(dramatis, cast.owner, cast.projectId, { allowedModels: ['dall-e'] })).rejects.toThrow(
    'no such model',
  );
  const key = await apiKey(dramatis, cast.owner, cast.projectId, { allowedModels: ['consistent-character'] });
  const made = await mutate(
    dramatis,
    key,
    'createCharacter',
    { projectId: cast.projectId, name: 'Mara' },
    'character { id }',
  );
  const characterId = made.character.id;
  await dramatis.addReference(characterId, 'FACE', '#c46');
  const run = (model: object) => dramatis.ask(generateMutation, { input: { characterId, model } }, key);
  const refused = await run({ consistentCharacterAiNeolemonV3: { prompt: 'x' } });
  expect(refused.data.generate).toMatchObject({
    generation: null,
    userErrors: [{ code: 'MODEL_NOT_ALLOWED', path: ['input', 'model', 'consistentCharacterAiNeolemonV3'] }],
  });
  expect(await dramatis.database.query('SELECT 1 FROM generations')).toEqual([]);
  expect((await run({ consistentCharacter: { prompt: 'x' } })).data.generate.userErrors).toEqual([]);
});

it('makes a user at first sight, however many requests come with the first token', async () => {
  for (let round = 0; round < 5; round += 1) {
    const key = await token(`first-${round}`);
    const seen = await Promise.all(Array.from({ length: 20 }, () => see({ key })));
    expect(seen.map((viewer) => viewer?.user?.email)).toEqual(Array(20).fill(`first-${round}@example.test`));
    const moved = await token(`first-${round}`, { email: `moved-${round}@example.test` });
    await Promise.all(Array.from({ length: 20 }, () => see({ key: moved })));
  }
});

it('knows the admin, a user, and no other viewer', async () => {
  expect(await see({ key: adminKey })).toMatchObject({ kind: 'ADMIN', user: null, apiKey: null });
  expect(await see({ key: await token('new-face') })).toMatchObject({
    kind: 'USER',
    user: { email: 'new-face@example.test' },
  });
  expect(await see({ key: await token('new-face', { email: 'moved@example.test' }) })).toMatchObject({
    user: { email: 'moved@example.test' },
  });
  const users = await dramatis.database.query("SELECT 1 FROM users WHERE subject = 'new-face'");
  expect(users).toHaveLength(1);
  for (const key of ['dramatis_key_wrong', `${adminKey}x`, await token('late', { lifetimeSeconds: -60 })])
    expect(await see({ key })).toBeNull();
});
