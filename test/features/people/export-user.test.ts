import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../../src/platform/reads/global-id.ts';
import { adminKey, Dramatis, picture } from '../../support/dramatis.ts';
import { apiKey, mutate, type Person, token } from '../../support/people.ts';
import { seed } from '../../support/seed.ts';

const admin = { key: adminKey };
let dramatis: Dramatis;
beforeAll(async () => {
  dramatis = await Dramatis.start();
});
afterAll(() => dramatis.stop());

interface Line {
  readonly kind: string;
  readonly [name: string]: unknown;
}
const userOf = async (who: Person): Promise<string> =>
  (await dramatis.ask('{ viewer { user { id } } }', {}, who)).data.viewer.user.id;

async function open(url: string): Promise<Line[]> {
  const response = await fetch(url);
  expect([
    response.status,
    response.headers.get('content-type'),
    response.headers.get('cache-control'),
  ]).toEqual([200, 'application/jsonl; charset=utf-8', 'no-store']);
  const text = await response.text();
  dramatis.secrets.said('export', text);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

async function exportOf(id: string): Promise<{ url: string; lines: Line[] }> {
  const { userExport } = await mutate(dramatis, admin, 'exportUser', { id }, 'userExport { url expiresAt }');
  expect(Date.parse(userExport.expiresAt) - Date.now()).toBeLessThan(920_000);
  return { url: userExport.url, lines: await open(userExport.url) };
}

it('holds all that is stored about a person, and nothing of others or of secrets', async () => {
  const [one, other] = [{ key: await token('one') }, { key: await token('two') }];
  const { projectId, characterId } = await seed(dramatis).project('First', one).character().pose().make();
  const upload = await fetch(`${dramatis.url}/images?projectId=${projectId}`, {
    method: 'POST',
    headers: { 'content-type': 'image/png', authorization: `Bearer ${one.key}` },
    body: new Uint8Array(await picture('#123')),
  });
  const imageId = ((await upload.json()) as { id: string }).id;
  await mutate(
    dramatis,
    one,
    'addReferenceImage',
    { characterId, kind: 'FACE', source: { imageId } },
    'referenceImage { id }',
  );
  const personal = await apiKey(dramatis, one, projectId, { kind: 'PERSONAL', name: 'laptop' });
  const service = await apiKey(dramatis, one, projectId, { name: 'window' });
  const runs: string[] = [];
  for (const who of [one, personal, admin]) {
    const made = await mutate(
      dramatis,
      who,
      'generate',
      { characterId, model: { consistentCharacter: { prompt: `by ${runs.length}` } } },
      'generation { id }',
    );
    runs.push(made.generation.id);
    await dramatis.settle(made.generation.id);
  }
  const { invitation } = await mutate(
    dramatis,
    one,
    'inviteMember',
    { projectId, email: 'two@example.test', role: 'VIEWER' },
    'invitation { id }',
  );
  const { project: second } = await mutate(
    dramatis,
    other,
    'createProject',
    { name: 'Second' },
    'project { id }',
  );
  await mutate(
    dramatis,
    other,
    'inviteMember',
    { projectId: second.id, email: 'one@example.test', role: 'EDITOR' },
    'invitation { id }',
  );
  const { project: gone } = await mutate(dramatis, one, 'createProject', { name: 'Gone' }, 'project { id }');
  await dramatis.database.query('DELETE FROM members WHERE project_id = $1', [
    fromGlobalId('Project', gone.id),
  ]);
  const member = await dramatis.ask(
    `{ project(id: "${projectId}") { members(first: 1) { nodes { id } } } }`,
    {},
    one,
  );
  await mutate(
    dramatis,
    one,
    'createBudget',
    {
      projectId,
      scope: 'MEMBER',
      memberId: member.data.project.members.nodes[0].id,
      period: 'DAY',
      cap: '5',
    },
    'budget { id }',
  );

  const id = await userOf(one);
  const { lines } = await exportOf(id);
  const of = (kind: string) => lines.filter((line) => line.kind === kind);
  expect(of('user')).toEqual([
    expect.objectContaining({
      id,
      issuer: 'https://id.example.test',
      subject: 'one',
      email: 'one@example.test',
      name: 'one',
    }),
  ]);
  expect(of('membership')).toEqual([expect.objectContaining({ projectId, role: 'OWNER' })]);
  expect(of('invitationReceived')).toEqual([
    expect.objectContaining({ projectId: second.id, role: 'EDITOR', email: 'one@example.test' }),
  ]);
  expect(of('invitationSent')).toEqual([
    expect.objectContaining({ id: invitation.id, projectId, role: 'VIEWER' }),
  ]);
  expect(of('personalApiKey')).toEqual([expect.objectContaining({ id: personal.id, name: 'laptop' })]);
  expect(of('serviceApiKey')).toEqual([expect.objectContaining({ id: service.id, name: 'window' })]);
  expect(of('budget')).toEqual([expect.objectContaining({ projectId, capMicros: '5000000' })]);
  expect(of('generation').map((line) => [line.id, line.prompt, line.apiKeyId])).toEqual([
    [runs[0], 'by 0', null],
    [runs[1], 'by 1', personal.id],
  ]);
  expect(of('ledgerEntry').filter(({ generationId }) => generationId === runs[0]).length).toBeGreaterThan(1);
  const [image] = of('image');
  expect(of('image')).toEqual([
    expect.objectContaining({ id: imageId, projectId, contentType: 'image/png' }),
  ]);
  expect((await fetch(String(image?.url))).status).toBe(200);
  const acts = of('act').map(({ action }) => action);
  expect(acts.filter((action) => action === 'PROJECT_CREATED')).toHaveLength(2);
  expect(acts).toEqual(
    expect.arrayContaining(['IMAGE_UPLOADED', 'CHARACTER_CREATED', 'API_KEY_CREATED', 'MEMBER_INVITED']),
  );
  const everything = JSON.stringify(lines);
  expect(everything).not.toContain('two@example.test');
  expect(everything).not.toContain(String(runs[2]));
  for (const hash of await dramatis.database.query(
    'SELECT secret_hash AS hash FROM api_keys UNION SELECT token_hash FROM invitations',
  ))
    expect(everything).not.toContain(String(hash.hash));

  const log = await dramatis.get('{ installationAuditLog(first: 1) { nodes { action targetId } } }');
  expect(log.installationAuditLog.nodes).toEqual([{ action: 'USER_EXPORTED', targetId: id }]);
  expect((await dramatis.get('{ users(email: " ONE@example.test ") { id name } }')).users).toEqual([
    { id, name: 'one' },
  ]);
});

it('is read in portions: many acts come whole and in their order', async () => {
  const many = { key: await token('many') };
  const { project } = await mutate(dramatis, many, 'createProject', { name: 'Many' }, 'project { id }');
  const id = await userOf(many);
  await dramatis.database.query(
    `INSERT INTO audit_entries (project_id, sequence, actor_kind, user_id, action, target_type, target_id, previous_hash, hash)
     SELECT $1, 0, 'USER', $2, 'GENERATION_CANCELED', 'Generation', gen_random_uuid(), '', '' FROM generate_series(1, 1200)`,
    [fromGlobalId('Project', project.id), fromGlobalId('User', id)],
  );
  const { lines } = await exportOf(id);
  const acts = lines.filter(({ kind }) => kind === 'act');
  expect(acts.map(({ sequence }) => Number(sequence))).toEqual(
    Array.from({ length: 1_201 }, (_, n) => n + 1),
  );
});

it('opens under the address that was given out, for as long as that says, and under no other', async () => {
  const [one, other] = [
    await userOf({ key: await token('three') }),
    await userOf({ key: await token('four') }),
  ];
  const { url } = await exportOf(one);
  const refusal = async (address: string | URL) => {
    const response = await fetch(address);
    return [response.status, ((await response.json()) as { error: { code: string } }).error.code];
  };
  expect(await refusal(url.replace(fromGlobalId('User', one), fromGlobalId('User', other)))).toEqual([
    403,
    'URL_INVALID',
  ]);
  expect(await refusal(url.replace(/exp=\d+/, 'exp=99999999999'))).toEqual([403, 'URL_INVALID']);
  expect(await refusal(url.replace(/\?.*/, ''))).toEqual([403, 'URL_INVALID']);
  expect(await refusal(`${dramatis.url}/users/nonsense.jsonl`)).toEqual([403, 'URL_INVALID']);
  // After they were forgotten only the id and the acts are left.
  await mutate(dramatis, admin, 'forgetUser', { id: one }, 'user { id }');
  const lines = await open(url);
  expect(lines.filter(({ kind }) => kind === 'user')).toEqual([
    expect.objectContaining({ id: one, email: null, name: null, subject: null, issuer: null }),
  ]);
  expect(JSON.stringify(lines)).not.toContain('three');
});
