import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../../src/platform/reads/global-id.ts';
import { Dramatis } from '../../support/dramatis.ts';
import { holdProject } from '../../support/held-project.ts';
import { apiKey, mutate, team, token } from '../../support/people.ts';

let dramatis: Dramatis;
let cast: Awaited<ReturnType<typeof team>>;
beforeAll(async () => {
  dramatis = await Dramatis.start();
});
afterAll(() => dramatis.stop());
beforeEach(async () => {
  cast = await team(dramatis);
});

/** What comes of requests that have all passed their checks when the first of them may write. */
async function atOnce<Answer>(...asks: (() => Promise<Answer>)[]): Promise<Answer[]> {
  const project = await holdProject(dramatis.database.url, fromGlobalId('Project', cast.projectId));
  const answers = Promise.all(asks.map((ask) => ask()));
  await project.awaited(asks.length).finally(() => project.release());
  return answers;
}
const codes = (payload: { userErrors: { code: string }[] }) => payload.userErrors.map(({ code }) => code);

describe('an invitation', () => {
  const invite = (input: object, who = cast.owner) =>
    mutate(
      dramatis,
      who,
      'inviteMember',
      { projectId: cast.projectId, role: 'EDITOR', ...input },
      'token invitation { id status email }',
    );
  const accept = (who: { key: string }, text: string) =>
    mutate(dramatis, who, 'acceptInvitation', { token: text }, 'member { id role project { viewerRole } }');

  it('is made by owners only, for an address that is one, until a day that comes', async () => {
    await expect(invite({ email: 'new@example.test' }, cast.editor)).rejects.toThrow('FORBIDDEN');
    await expect(invite({ email: 'new@example.test' }, { key: await token('stranger') })).rejects.toThrow(
      'NOT_FOUND',
    );
    expect(codes(await invite({ email: 'nonsense' }))).toEqual(['INVALID_INPUT']);
    expect(codes(await invite({ email: 'a@example.test', expiresAt: '2020-01-01T00:00:00Z' }))).toEqual([
      'INVALID_INPUT',
    ]);
    expect(codes(await invite({ email: 'a@example.test', expiresAt: '2099-01-01T00:00:00Z' }))).toEqual([
      'INVALID_INPUT',
    ]);
    expect(codes(await invite({ email: 'EDGAR@example.test' }))).toEqual(['ALREADY_MEMBER']);
  });

  it('is one at a time for an address; withdrawn, it opens nothing and makes room', async () => {
    const first = await invite({ email: 'New@Example.test' });
    expect(first.invitation).toMatchObject({ status: 'PENDING', email: 'new@example.test' });
    expect(codes(await invite({ email: 'new@example.test' }))).toEqual(['ALREADY_INVITED']);
    await mutate(
      dramatis,
      cast.owner,
      'withdrawInvitation',
      { id: first.invitation.id },
      'invitation { status }',
    );
    expect(codes(await accept({ key: await token('new') }, first.token))).toEqual(['INVITATION_EXPIRED']);
    expect(codes(await invite({ email: 'new@example.test' }))).toEqual([]);
  });

  it('makes room when it has expired', async () => {
    const first = await invite({ email: 'late@example.test' });
    await dramatis.database.query(
      "UPDATE invitations SET expires_at = now() - interval '1 second' WHERE email = 'late@example.test'",
    );
    expect(codes(await accept({ key: await token('late') }, first.token))).toEqual(['INVITATION_EXPIRED']);
    expect(codes(await invite({ email: 'late@example.test' }))).toEqual([]);
    const query = `{ node(id: "${first.invitation.id}") { ... on Invitation { status } } }` as const;
    expect((await dramatis.ask(query, {}, cast.owner)).data.node.status).toBe('EXPIRED');
  });

  it('is for its address only, and for people only', async () => {
    const { token: text } = await invite({ email: 'ines@example.test' });
    expect(codes(await accept({ key: await token('mallory') }, text))).toEqual(['INVITATION_FOR_ANOTHER']);
    const { key } = await apiKey(dramatis, cast.owner, cast.projectId, { role: 'OWNER' });
    await expect(accept({ key }, text)).rejects.toThrow('FORBIDDEN');
    expect(codes(await accept({ key: await token('ines') }, 'dramatis_invitation_wrong'))).toEqual([
      'INVITATION_INVALID',
    ]);
    // An identity provider that tells no address leaves the token to prove it.
    const nameless = await token('nameless', { email: null });
    expect((await accept({ key: nameless }, text)).member.role).toBe('EDITOR');
  });

  it('is used once, however parallel; again by the same person is no error', async () => {
    const { token: text, invitation } = await invite({ email: 'ida@example.test' });
    const ida = { key: await token('ida') };
    const twin = { key: await token('twin', { email: 'ida@example.test' }) };
    const all = await Promise.all([ida, twin, ida, twin, ida, twin].map((who) => accept(who, text)));
    const won = all.filter(({ member }) => member !== null);
    expect(won).toHaveLength(3);
    expect(new Set(won.map(({ member }) => member.id)).size).toBe(1);
    expect(all.filter(({ member }) => !member).flatMap(codes)).toEqual(Array(3).fill('INVITATION_USED'));
    const late = await mutate(
      dramatis,
      cast.owner,
      'withdrawInvitation',
      { id: invitation.id },
      'invitation { id }',
    );
    expect(codes(late)).toEqual(['INVITATION_USED']);
  });

  it('is withdrawn once, however often it is asked for', async () => {
    const { invitation } = await invite({ email: 'twice@example.test' });
    const withdraw = () =>
      mutate(dramatis, cast.owner, 'withdrawInvitation', { id: invitation.id }, 'invitation { id status }');
    const answers = [...(await atOnce(withdraw, withdraw)), await withdraw()];
    for (const answer of answers)
      expect(answer).toEqual({ invitation: { id: invitation.id, status: 'WITHDRAWN' }, userErrors: [] });
    expect(
      await dramatis.database.query(
        `SELECT action FROM audit_entries WHERE target_id = $1 AND action = 'INVITATION_WITHDRAWN'`,
        [fromGlobalId('Invitation', invitation.id)],
      ),
    ).toHaveLength(1);
  });

  it('keeps no token in the database, and shows it in no list', async () => {
    const { token: text } = await invite({ email: 'ivo@example.test' });
    expect(text).toMatch(/^dramatis_invitation_[\w-]{43}$/);
    const rows = JSON.stringify(await dramatis.database.query('SELECT * FROM invitations'));
    expect(rows).not.toContain(text.slice(-20));
    const query =
      `{ project(id: "${cast.projectId}") { invitations(first: 9) { totalCount nodes { email status role } } } }` as const;
    const mine = await dramatis.ask(query, {}, cast.owner);
    expect(mine.data.project.invitations.nodes.map(({ email }) => email)).toContain('ivo@example.test');
    expect((await dramatis.ask(query, {}, cast.editor)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });
});

describe('the last owner', () => {
  const ownerMember = async () => {
    const query =
      `{ project(id: "${cast.projectId}") { members(first: 9) { nodes { id role user { email } } } } }` as const;
    const { data } = await dramatis.ask(query, {}, cast.owner);
    return data.project.members.nodes.find(({ role }) => role === 'OWNER')?.id ?? '';
  };
  const leave = (who: { key: string }, id: string) =>
    mutate(dramatis, who, 'removeMember', { id }, 'member { role }');
  const demote = (who: { key: string }, id: string, role = 'VIEWER') =>
    mutate(dramatis, who, 'changeMemberRole', { id, role }, 'member { role }');

  it('cannot leave or be demoted, also not by the admin', async () => {
    const id = await ownerMember();
    expect(codes(await leave(cast.owner, id))).toEqual(['LAST_OWNER']);
    expect(codes(await demote(cast.owner, id))).toEqual(['LAST_OWNER']);
    expect(
      codes(
        await mutate(dramatis, { key: 'test_admin_key_0123456789' }, 'removeMember', { id }, 'member { id }'),
      ),
    ).toEqual(['LAST_OWNER']);
    expect(codes(await demote(cast.owner, id, 'OWNER'))).toEqual([]);
  });

  it.each<[string, (first: string, second: string) => (() => ReturnType<typeof leave>)[]]>([
    ['leave', (first, second) => [() => leave(cast.owner, first), () => leave(cast.editor, second)]],
    ['step down', (first, second) => [() => demote(cast.owner, first), () => demote(cast.editor, second)]],
    [
      'demote each other',
      (first, second) => [() => demote(cast.owner, second), () => demote(cast.editor, first)],
    ],
    [
      'remove each other',
      (first, second) => [() => leave(cast.owner, second), () => leave(cast.editor, first)],
    ],
    [
      'step down and leave',
      (first, second) => [() => demote(cast.owner, first), () => leave(cast.editor, second)],
    ],
    [
      'demote and remove each other',
      (first, second) => [() => demote(cast.owner, second), () => leave(cast.editor, first)],
    ],
  ])('is still there after two owners %s at once', async (_, race) => {
    const first = await ownerMember();
    await demote(cast.owner, cast.editorMember, 'OWNER');
    const answers = await atOnce(...race(first, cast.editorMember));
    expect(answers.flatMap(codes)).toEqual(['LAST_OWNER']);
    const owners = await dramatis.database.query(
      `SELECT 1 FROM members WHERE project_id = $1 AND role = 'OWNER'`,
      [fromGlobalId('Project', cast.projectId)],
    );
    expect(owners).toHaveLength(1);
  });
});

it('lets members leave and owners remove members, and refuses all others', async () => {
  const remove = (who: { key: string }, id: string) =>
    mutate(dramatis, who, 'removeMember', { id }, 'member { role }');
  await expect(remove(cast.viewer, cast.editorMember)).rejects.toThrow('FORBIDDEN');
  await expect(remove({ key: await token('stranger') }, cast.editorMember)).rejects.toThrow('NOT_FOUND');
  expect((await remove(cast.editor, cast.editorMember)).member.role).toBe('EDITOR');
  await expect(remove(cast.owner, cast.editorMember)).rejects.toThrow('NOT_FOUND');
  await remove(cast.owner, cast.viewerMember);
  const query =
    `{ project(id: "${cast.projectId}") { id } projects(first: 9) { totalCount nodes { id } } }` as const;
  const { data, errors } = await dramatis.ask(query, {}, cast.viewer);
  expect(errors?.[0]?.extensions.code).toBe('NOT_FOUND');
  expect(JSON.stringify(data.projects)).not.toContain(cast.projectId);
});

it('tells each viewer what they may do', async () => {
  const fields = `viewerRole viewerCanEditCharacters viewerCanGenerate viewerCanReadMembers viewerCanManageMembers
    viewerCanManageApiKeys viewerCanManageProviderKey viewerCanReadAuditLog viewerCanArchive viewerCanDelete`;
  const ask = async (who: { key: string }) => {
    const { data } = await dramatis.ask(`{ project(id: "${cast.projectId}") { ${fields} } }`, {}, who);
    return Object.values(data.project).map((value) => (typeof value === 'boolean' ? Number(value) : value));
  };
  const key = await apiKey(dramatis, cast.owner, cast.projectId, { role: 'OWNER' });
  expect(await ask(cast.owner)).toEqual(['OWNER', 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  expect(await ask(cast.editor)).toEqual(['EDITOR', 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  expect(await ask(cast.viewer)).toEqual(['VIEWER', 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  expect(await ask(key)).toEqual(['OWNER', 1, 1, 0, 0, 0, 0, 0, 1, 0]);
});
