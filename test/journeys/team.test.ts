import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Dramatis, eventually, generateMutation } from '../support/dramatis.ts';
import { mutate, team, token } from '../support/people.ts';
import { seed } from '../support/seed.ts';

let dramatis: Dramatis;
beforeAll(async () => {
  dramatis = await Dramatis.start();
});
afterAll(() => dramatis.stop());

it('an owner invites, an editor generates, a viewer is refused, and a key is revoked in the middle of a stream', async () => {
  const [olivia, edgar, vera] = [
    { key: await token('olivia') },
    { key: await token('edgar') },
    { key: await token('vera') },
  ];
  const { project } = await mutate(
    dramatis,
    olivia,
    'createProject',
    { name: 'Harbour' },
    'project { id viewerRole }',
  );
  expect(project.viewerRole).toBe('OWNER');

  // No other person knows of the project yet.
  const look = `{ project(id: "${project.id}") { name viewerRole viewerCanGenerate } }` as const;
  expect((await dramatis.ask(look, {}, edgar)).errors?.[0]?.extensions.code).toBe('NOT_FOUND');
  for (const [who, email, role] of [
    [edgar, 'Edgar@Example.Test', 'EDITOR'],
    [vera, 'vera@example.test', 'VIEWER'],
  ] as const) {
    const invited = await mutate(
      dramatis,
      olivia,
      'inviteMember',
      { projectId: project.id, email, role },
      'token invitation { status }',
    );
    const accepted = await mutate(
      dramatis,
      who,
      'acceptInvitation',
      { token: invited.token },
      'member { role user { email } project { name } }',
    );
    expect(accepted.member).toMatchObject({
      role,
      user: { email: email.toLowerCase() },
      project: { name: 'Harbour' },
    });
  }

  const { character } = await mutate(
    dramatis,
    edgar,
    'createCharacter',
    { projectId: project.id, name: 'Mara' },
    'character { id }',
  );
  await dramatis.addReference(character.id, 'FACE', '#c46');
  const { apiKey: key, secret } = await mutate(
    dramatis,
    olivia,
    'createApiKey',
    { projectId: project.id, name: 'wall', kind: 'SERVICE', role: 'VIEWER' },
    'secret apiKey { id }',
  );
  const wall = dramatis.connect({ key: secret });
  const seen: string[] = [];
  let closed: { code: number; reason: string } | undefined;
  wall.on('closed', (event) => {
    closed = event as { code: number; reason: string };
  });
  const stream = (async () => {
    const query = `subscription { projectEvents(projectId: "${project.id}", after: 0) { kind generation { status } } }`;
    for await (const { data, errors } of wall.iterate<{
      projectEvents: { kind: string; generation: { status: string } | null };
    }>({ query })) {
      if (errors) throw new Error(JSON.stringify(errors));
      if (data) seen.push(data.projectEvents.generation?.status ?? data.projectEvents.kind);
    }
  })().then(
    () => 'complete',
    (error) => error,
  );

  const ask = (who: { key: string }) =>
    dramatis.ask(
      generateMutation,
      { input: { characterId: character.id, model: { consistentCharacter: { prompt: 'on the pier' } } } },
      who,
    );
  const refused = await ask(vera);
  expect([refused.errors?.[0]?.extensions.code, refused.errors?.[0]?.message]).toEqual([
    'FORBIDDEN',
    'GENERATE needs the role EDITOR; your role is VIEWER.',
  ]);
  expect((await dramatis.ask(look, {}, vera)).data.project).toEqual({
    name: 'Harbour',
    viewerRole: 'VIEWER',
    viewerCanGenerate: false,
  });
  const asked = await ask(edgar);
  expect(asked.data.generate.userErrors).toEqual([]);
  await eventually('the event of the end', () => seen.includes('COMPLETED'));

  await mutate(dramatis, olivia, 'revokeApiKey', { id: key.id }, 'apiKey { revokedAt }');
  expect(await stream).toMatchObject({ code: 4403, reason: 'KEY_ENDED' });
  await eventually('the socket to close', () => closed);
  expect(closed).toMatchObject({ code: 4403, reason: 'KEY_ENDED' });
  expect((await dramatis.ask(look, {}, { key: secret })).status).toBe(401);
  // Edgar goes on, and Olivia can read who did what.
  expect((await ask(edgar)).data.generate.userErrors).toEqual([]);
  const log = await dramatis.ask(
    `{ project(id: "${project.id}") { auditLog(first: 100) { nodes { action actor { user { email } } } } } }`,
    {},
    olivia,
  );
  const acts = log.data.project.auditLog.nodes.map(
    ({ action, actor }) => `${actor.user?.email.split('@')[0] ?? 'admin'} ${action}`,
  );
  expect(acts.reverse()).toEqual([
    'olivia PROJECT_CREATED',
    'olivia MEMBER_INVITED',
    'edgar INVITATION_ACCEPTED',
    'olivia MEMBER_INVITED',
    'vera INVITATION_ACCEPTED',
    'edgar CHARACTER_CREATED',
    'admin IMAGE_UPLOADED',
    'admin REFERENCE_IMAGE_ADDED',
    'olivia API_KEY_CREATED',
    'edgar GENERATION_REQUESTED',
    'olivia API_KEY_REVOKED',
    'edgar GENERATION_REQUESTED',
  ]);
});

it('the mutations of one document see what those before them did', async () => {
  const inGreen = { appearance: 'green hair' };
  const made = await seed(dramatis).team().character(inGreen).face().make();
  const { owner, projectId, editorMember, characterId } = made;
  const generate =
    `generate(input: { characterId: "${characterId}", model: { consistentCharacter: { prompt: "walks" } } }) { generation { prompt character { appearance } } userErrors { code } }` as const;
  const changed = await dramatis.ask(
    `mutation { before: ${generate} updateCharacter(input: { id: "${characterId}", appearance: "red hair" }) { character { appearance } } after: ${generate} }`,
    {},
    owner,
  );
  expect([changed.data.before.generation.prompt, changed.data.after.generation]).toEqual([
    'green hair, walks',
    { prompt: 'red hair, walks', character: { appearance: 'red hair' } },
  ]);
  const archived = await dramatis.ask(
    `mutation { archiveCharacter(input: { id: "${characterId}" }) { character { id } } ${generate} }`,
    {},
    owner,
  );
  expect(archived.data.generate).toEqual({ generation: null, userErrors: [{ code: 'CHARACTER_ARCHIVED' }] });
  // Also of what they may do themselves.
  const members = `{ project(id: "${projectId}") { members(first: 9) { nodes { id role } } } }` as const;
  await mutate(dramatis, owner, 'changeMemberRole', { id: editorMember, role: 'OWNER' }, 'member { id }');
  const found = await dramatis.ask(members, {}, owner);
  const own = found.data.project.members.nodes.find(
    ({ id, role }) => id !== editorMember && role === 'OWNER',
  );
  const demoted = await mutate(
    dramatis,
    owner,
    'changeMemberRole',
    { id: own?.id, role: 'VIEWER' },
    'member { role project { viewerRole viewerCanManageMembers } }',
  );
  expect(demoted.member).toEqual({
    role: 'VIEWER',
    project: { viewerRole: 'VIEWER', viewerCanManageMembers: false },
  });
});

it('a project where the role is too small leaves the rest of the list alone', async () => {
  const mixed = await team(dramatis);
  await mutate(dramatis, mixed.editor, 'createProject', { name: 'My own' }, 'project { id }');
  const { data, errors } = await dramatis.ask(
    '{ projects(first: 50) { nodes { name viewerRole invitations(first: 1) { totalCount } auditLog(first: 1) { totalCount } } } }',
    {},
    mixed.editor,
  );
  expect(new Set(errors?.map(({ extensions }) => extensions.code))).toEqual(new Set(['FORBIDDEN']));
  for (const { viewerRole, invitations, auditLog } of data.projects.nodes)
    expect([viewerRole, invitations !== null, auditLog !== null]).toEqual([
      viewerRole,
      viewerRole === 'OWNER',
      viewerRole === 'OWNER',
    ]);
  expect(data.projects.nodes.some(({ viewerRole }) => viewerRole === 'OWNER')).toBe(true);
});

it('the same idempotency key in another project is another run, and no hint of the first', async () => {
  const cast = async (name: string) => {
    const owner = { key: await token(name) };
    return seed(dramatis).project(name, owner).key().character().face().make();
  };
  const [one, two] = [await cast('one'), await cast('two')];
  const ask = async ({ key, characterId }: typeof one, prompt: string) => {
    const input = { characterId, idempotencyKey: 'cover', model: { consistentCharacter: { prompt } } };
    return (await dramatis.ask(generateMutation, { input }, key)).data.generate;
  };
  const first = await ask(one, 'a pier');
  const other = await ask(two, 'a different prompt');
  expect([first.userErrors, other.userErrors]).toEqual([[], []]);
  expect(other.generation.id).not.toBe(first.generation.id);
  expect((await ask(one, 'a pier')).generation.id).toBe(first.generation.id);
  expect((await ask(one, 'a different prompt')).userErrors).toMatchObject([
    { code: 'IDEMPOTENCY_KEY_REUSED' },
  ]);
});
