import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../../src/platform/reads/global-id.ts';
import { Dramatis } from '../../support/dramatis.ts';
import { apiKey, mutate, type Person, team, token } from '../../support/people.ts';

let dramatis: Dramatis;
let cast: Awaited<ReturnType<typeof team>>;
beforeAll(async () => {
  dramatis = await Dramatis.start();
  cast = await team(dramatis);
});
afterAll(() => dramatis.stop());

const fields =
  'sequence at action targetType targetId details hash actor { kind user { id email } apiKey { id name } }';
async function log(who: Person, filter: object | null = null, first = 100, after: string | null = null) {
  const query =
    `query ($filter: AuditLogFilter, $first: Int!, $after: String) { project(id: "${cast.projectId}") {
    auditLog(first: $first, after: $after, filter: $filter) { totalCount nodes { ${fields} } pageInfo { endCursor hasNextPage } } } }` as const;
  const { data, errors } = await dramatis.ask(query, { filter, first, after }, who);
  if (errors) throw new Error(errors[0]?.extensions.code);
  return data.project.auditLog;
}

describe('the audit log', () => {
  it('tells who did what, to which thing, with which key; owners only', async () => {
    const key = await apiKey(dramatis, cast.owner, cast.projectId);
    const { character } = await mutate(
      dramatis,
      key,
      'createCharacter',
      { projectId: cast.projectId, name: 'Mara' },
      'character { id }',
    );
    await mutate(
      dramatis,
      cast.editor,
      'updateCharacter',
      { id: character.id, description: 'tall' },
      'character { id }',
    );
    const { nodes } = await log(cast.owner);
    expect(nodes.slice(0, 3)).toMatchObject([
      {
        action: 'CHARACTER_UPDATED',
        targetId: character.id,
        actor: { kind: 'USER', user: { email: 'edgar@example.test' } },
        details: { fields: 'description' },
      },
      {
        action: 'CHARACTER_CREATED',
        targetType: 'Character',
        targetId: character.id,
        actor: { kind: 'API_KEY', user: null, apiKey: { id: key.id } },
      },
      {
        action: 'API_KEY_CREATED',
        targetId: key.id,
        actor: { kind: 'USER', user: { email: 'olivia@example.test' } },
      },
    ]);
    expect(nodes.at(-1)).toMatchObject({ sequence: 1, action: 'PROJECT_CREATED' });
    expect(JSON.stringify(nodes)).not.toContain('tall');
    await expect(log(cast.editor)).rejects.toThrow('FORBIDDEN');
    await expect(log({ key: await token('stranger') })).rejects.toThrow('NOT_FOUND');
  });

  it('is filtered and paged', async () => {
    const all = await log(cast.owner);
    const invited = await log(cast.owner, { actions: ['MEMBER_INVITED'] });
    expect([invited.totalCount, ...invited.nodes.map(({ action }) => action)]).toEqual([
      2,
      'MEMBER_INVITED',
      'MEMBER_INVITED',
    ]);
    const edgar = all.nodes.find(({ actor }) => actor.user?.email === 'edgar@example.test')?.actor.user.id;
    expect((await log(cast.owner, { userId: edgar })).nodes.map(({ action }) => action)).toEqual([
      'CHARACTER_UPDATED',
      'INVITATION_ACCEPTED',
    ]);
    const { apiKey: used } = all.nodes[1].actor;
    expect((await log(cast.owner, { apiKeyId: used.id })).totalCount).toBe(1);
    expect((await log(cast.owner, { targetId: used.id })).nodes).toMatchObject([
      { action: 'API_KEY_CREATED' },
    ]);
    expect((await log(cast.owner, { targetId: 'nonsense' })).totalCount).toBe(0);
    const middle = all.nodes[3].at;
    const [older, newer] = await Promise.all([
      log(cast.owner, { until: middle }),
      log(cast.owner, { from: middle }),
    ]);
    expect(older.totalCount + newer.totalCount).toBe(all.totalCount);
    const first = await log(cast.owner, null, 2);
    const second = await log(cast.owner, null, 2, first.pageInfo.endCursor);
    expect([...first.nodes, ...second.nodes]).toEqual(all.nodes.slice(0, 4));
    await expect(log(cast.owner, null, 2, 'nonsense')).rejects.toThrow('BAD_USER_INPUT');
    await expect(log(cast.owner, null, 101)).rejects.toThrow('BAD_USER_INPUT');
  });

  it('names users by the ids they have everywhere', async () => {
    const role = (to: string) =>
      mutate(
        dramatis,
        cast.owner,
        'changeMemberRole',
        { id: cast.viewerMember, role: to },
        'member { user { id } }',
      );
    const { member } = await role('EDITOR');
    await role('VIEWER');
    const { nodes } = await log(cast.owner, { actions: ['MEMBER_ROLE_CHANGED'] });
    expect(nodes[0].details).toEqual({ from: 'EDITOR', to: 'VIEWER', userId: member.user.id });
  });

  it.each([
    "UPDATE audit_entries SET action = 'PROJECT_CREATED'",
    'UPDATE audit_entries SET at = now()',
    'DELETE FROM audit_entries',
    'TRUNCATE audit_entries',
  ])('refuses %s', async (statement) => {
    await expect(dramatis.database.query(statement)).rejects.toThrow(/only grows/);
  });

  it('numbers parallel entries without gaps, and chains them', async () => {
    const create = (name: string) =>
      mutate(
        dramatis,
        cast.editor,
        'createCharacter',
        { projectId: cast.projectId, name },
        'character { id }',
      );
    await Promise.all(Array.from({ length: 40 }, (_, index) => create(`n${index}`)));
    const { nodes, totalCount } = await log(cast.owner);
    expect(nodes.map(({ sequence }: { sequence: number }) => sequence)).toEqual(
      Array.from({ length: totalCount }, (_, index) => totalCount - index),
    );
    expect(await brokenLinks()).toEqual([]);
  });

  it('shows where a role that may disable the trigger changed it', async () => {
    const { query } = dramatis.database;
    await query('ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_append_only');
    await query('UPDATE audit_entries SET details = \'{"role": "VIEWER"}\' WHERE sequence = 3');
    await query('DELETE FROM audit_entries WHERE sequence = 7');
    await query('ALTER TABLE audit_entries ENABLE TRIGGER audit_entries_append_only');
    expect(await brokenLinks()).toEqual([3, 8]);
  });
});

/** The entries whose hash does not fit what they say, or the one before. */
async function brokenLinks(): Promise<number[]> {
  const rows = await dramatis.database.query(
    `SELECT sequence::int AS sequence FROM (
       SELECT a.*, audit_entry_hash(a) AS expected, lag(hash, 1, repeat('0', 64)) OVER (ORDER BY sequence) AS before
       FROM audit_entries a WHERE project_id = $1
     ) linked WHERE hash <> expected OR previous_hash <> before ORDER BY sequence`,
    [fromGlobalId('Project', cast.projectId)],
  );
  return rows.map(({ sequence }) => Number(sequence));
}
