import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { forgetUserIn } from '../../../src/features/people/forget-user.ts';
import { connectDatabase } from '../../../src/platform/db/connect.ts';
import { fromGlobalId } from '../../../src/platform/reads/global-id.ts';
import { adminKey, Dramatis, eventually } from '../../support/dramatis.ts';
import { follow } from '../../support/followers.ts';
import { awaitLocks } from '../../support/lock-waits.ts';
import { apiKey, mutate, type Person, token } from '../../support/people.ts';
import { mostReviews, roundsUntil } from '../../support/rounds.ts';
import { seed } from '../../support/seed.ts';

const admin = { key: adminKey };
let dramatis: Dramatis;
beforeAll(async () => {
  dramatis = await Dramatis.start();
});
afterAll(() => dramatis.stop());

const codes = ({ userErrors }: { userErrors: { code: string }[] }) => userErrors.map(({ code }) => code);
const forget = (id: string, who: Person = admin) =>
  mutate(dramatis, who, 'forgetUser', { id }, 'user { id email name forgottenAt }');
const userOf = async (who: Person): Promise<string> =>
  (await dramatis.ask('{ viewer { user { id } } }', {}, who)).data.viewer.user.id;

/** A project with two owners, one of whom nothing may be left. */
async function stage() {
  const subject = `doomed-${Math.random().toString(36).slice(2)}`;
  const words = { email: `${subject}@personal.test`, name: `Name of ${subject}` };
  const doomed = { key: await token(`sub-${subject}`, words) };
  const other = { key: await token(`other-${subject}`) };
  const { project } = await mutate(dramatis, doomed, 'createProject', { name: 'Shared' }, 'project { id }');
  const projectId: string = project.id;
  const invited = await mutate(
    dramatis,
    doomed,
    'inviteMember',
    { projectId, email: `other-${subject}@example.test`, role: 'OWNER' },
    'token',
  );
  await mutate(dramatis, other, 'acceptInvitation', { token: invited.token }, 'member { id }');
  return { subject, words, doomed, other, projectId, userId: await userOf(doomed) };
}

/** Every row of every table, as text. */
async function everything(): Promise<Map<string, string>> {
  const tables = await dramatis.database.query(
    "SELECT table_schema AS schema, table_name AS name FROM information_schema.tables WHERE table_schema IN ('public', 'pgboss') AND table_type = 'BASE TABLE'",
  );
  const dumps = new Map<string, string>();
  for (const { schema, name } of tables) {
    const [dump] = await dramatis.database.query(
      `SELECT coalesce(string_agg(t::text, E'\\n'), '') AS text FROM "${schema}"."${name}" t`,
    );
    dumps.set(String(name), String(dump?.text));
  }
  return dumps;
}

/** The files of the servers that hold a text, in their name or in themselves. */
async function filesWith(text: string): Promise<string[]> {
  const folder = dramatis.environment.DATA_DIR ?? '';
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  expect(files.length).toBeGreaterThan(1);
  const found = await Promise.all(
    files.map(async (path) => (path.includes(text) || (await readFile(path)).includes(text) ? [path] : [])),
  );
  return found.flat();
}

const chainIsWhole = async () =>
  dramatis.database.query(
    `SELECT project_id FROM (
       SELECT project_id, sequence, hash, previous_hash, audit_entry_hash(a) AS computed,
         coalesce(lag(hash) OVER w, repeat('0', 64)) AS expected, row_number() OVER w AS place
       FROM audit_entries a WINDOW w AS (PARTITION BY project_id ORDER BY sequence)) c
     WHERE hash <> computed OR previous_hash <> expected OR sequence <> place`,
  );

describe('forgetUser', () => {
  it('leaves no table and no log line with the address, the name or the subject; acts, audit and money stay', async () => {
    const { subject, words, doomed, other, projectId, userId } = await stage();
    const { characterId } = await seed(dramatis).in({ projectId, owner: doomed }).character().face().make();
    const { generation } = await mutate(
      dramatis,
      doomed,
      'generate',
      { characterId, model: { consistentCharacter: { prompt: 'a walk' } } },
      'generation { id }',
    );
    await dramatis.settle(generation.id);
    const personal = await apiKey(dramatis, doomed, projectId, {
      kind: 'PERSONAL',
      name: `Laptop of ${words.name}`,
    });
    const service = await apiKey(dramatis, doomed, projectId, { kind: 'SERVICE', name: 'shop window' });
    // Invited elsewhere: once open, once accepted with an address that has changed since.
    const { project: elsewhere } = await mutate(
      dramatis,
      other,
      'createProject',
      { name: 'Elsewhere' },
      'project { id }',
    );
    await mutate(
      dramatis,
      other,
      'inviteMember',
      { projectId: elsewhere.id, email: words.email, role: 'VIEWER' },
      'token',
    );
    const { project: third } = await mutate(
      dramatis,
      other,
      'createProject',
      { name: 'Third' },
      'project { id }',
    );
    const earlier = `earlier-${subject}@personal.test`;
    const old = { key: await token(`sub-${subject}`, { ...words, email: earlier }) };
    const { token: offered } = await mutate(
      dramatis,
      other,
      'inviteMember',
      { projectId: third.id, email: earlier, role: 'VIEWER' },
      'token',
    );
    await mutate(dramatis, old, 'acceptInvitation', { token: offered }, 'member { id }');
    expect(await userOf(doomed)).toBe(userId);
    const found = async () => {
      const places: string[] = [];
      for (const [name, text] of await everything()) if (text.includes(subject)) places.push(name);
      return places.sort();
    };
    expect(await found()).toEqual(['api_keys', 'invitations', 'users']);
    const before = await dramatis.get(`{ project(id: "${projectId}") { auditLog(first: 100) { nodes { hash } }
      ledger(first: 100) { nodes { id amount } } } }`);

    expect(await forget(userId)).toEqual({
      user: { id: userId, email: null, name: null, forgottenAt: expect.any(String) },
      userErrors: [],
    });

    // Only the other person, who was named after them, is left.
    await dramatis.database.query(
      `UPDATE users SET subject = 'x', email = NULL, name = 'x' WHERE subject = $1`,
      [`other-${subject}`],
    );
    await dramatis.database.query(`UPDATE invitations SET email = NULL WHERE email = $1`, [
      `other-${subject}@example.test`,
    ]);
    expect(await found()).toEqual([]);
    expect(await filesWith(subject)).toEqual([]);
    expect(dramatis.secrets.logged.filter((line) => line.includes(subject))).toEqual([]);
    const after = await dramatis.get(`{ project(id: "${projectId}") {
      auditLog(first: 100) { nodes { hash action details actor { kind user { id email } } } }
      ledger(first: 100) { nodes { id amount } } members(first: 9) { totalCount } } }`);
    expect(after.project.ledger).toEqual(before.project.ledger);
    expect(after.project.members.totalCount).toBe(1);
    const [left, ...earlierEntries] = after.project.auditLog.nodes;
    expect(left).toMatchObject({
      action: 'MEMBER_REMOVED',
      actor: { kind: 'ADMIN' },
      details: { userId, role: 'OWNER', revokedApiKeys: 1 },
    });
    expect(earlierEntries.map(({ hash }) => ({ hash }))).toEqual(before.project.auditLog.nodes);
    expect(earlierEntries.at(-1)).toMatchObject({
      action: 'PROJECT_CREATED',
      actor: { user: { id: userId, email: null } },
    });
    expect(await chainIsWhole()).toEqual([]);
    // A key of the project goes on, one of the person does not, and would not wake up should they come back.
    const live = 'SELECT 1 FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL';
    expect(await dramatis.database.query(live, [fromGlobalId('User', userId)])).toEqual([]);
    const asks = `{ project(id: "${projectId}") { name } }` as const;
    expect((await dramatis.ask(asks, {}, service)).data.project.name).toBe('Shared');
    expect((await dramatis.ask(asks, {}, personal)).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
    const told = await dramatis.get(
      '{ installationAuditLog(first: 1) { nodes { action targetType targetId details actor { kind } } } }',
    );
    expect(told.installationAuditLog.nodes).toEqual([
      {
        action: 'USER_FORGOTTEN',
        targetType: 'User',
        targetId: userId,
        details: {},
        actor: { kind: 'ADMIN' },
      },
    ]);
    // Twice is no error, and nothing more is written.
    expect(codes(await forget(userId))).toEqual([]);
    expect(
      (await dramatis.get('{ installationAuditLog(first: 9) { totalCount } }')).installationAuditLog
        .totalCount,
    ).toBe(1);
  });

  it('a later sign-in with the same subject is another user without any project', async () => {
    const { doomed, projectId, userId } = await stage();
    await forget(userId);
    const { data, errors } = await dramatis.ask(
      `{ viewer { user { id forgottenAt } } projects(first: 5) { nodes { id } } }`,
      {},
      doomed,
    );
    expect(errors).toBeUndefined();
    expect(data.viewer.user.id).not.toBe(userId);
    expect(data.viewer.user.forgottenAt).toBeNull();
    expect(data.projects.nodes).toEqual([]);
    const refused = await dramatis.ask(`{ project(id: "${projectId}") { id } }`, {}, doomed);
    expect(refused.errors?.[0]?.extensions.code).toBe('NOT_FOUND');
  });

  it('closes their sockets by the next review of access, also those that follow nothing', async () => {
    const { doomed, projectId, userId } = await stage();
    const query = 'subscription ($id: ID!) { projectEvents(projectId: $id, after: 0) { sequence } }';
    const following = await follow(dramatis.url, doomed.key, query, { variables: { id: projectId } });
    const idle = await follow(dramatis.url, doomed.key, '{ viewer { kind } }');
    await forget(userId);
    const ends = Promise.all([following.closed, idle.closed]);
    expect(await roundsUntil(dramatis.database, ends)).toBeLessThanOrEqual(mostReviews);
    expect(await ends).toMatchObject([{ code: 4403 }, { code: 4403, reason: 'USER_FORGOTTEN' }]);
  });

  it('is refused by name while a project would be left without an owner, and changes nothing then', async () => {
    const { doomed, other, projectId, userId } = await stage();
    const { project } = await mutate(
      dramatis,
      doomed,
      'createProject',
      { name: 'Mine alone' },
      'project { id }',
    );
    const refused = await forget(userId);
    expect(refused.user).toBeNull();
    expect(refused.userErrors).toEqual([
      { code: 'LAST_OWNER', path: ['input', 'id'], message: expect.stringContaining('"Mine alone"') },
    ]);
    expect(refused.userErrors[0].message).not.toContain('Shared');
    expect(
      (await dramatis.ask(`{ project(id: "${projectId}") { viewerRole } }`, {}, doomed)).data.project
        .viewerRole,
    ).toBe('OWNER');
    const email = `second-${Math.random().toString(36).slice(2)}@example.test`;
    const invited = await mutate(
      dramatis,
      doomed,
      'inviteMember',
      { projectId: project.id, email, role: 'OWNER' },
      'token',
    );
    const second = { key: await token(email.split('@')[0] ?? '') };
    await mutate(dramatis, second, 'acceptInvitation', { token: invited.token }, 'member { id }');
    expect(codes(await forget(userId))).toEqual([]);
    // One that is being deleted needs no owner.
    const { project: going } = await mutate(
      dramatis,
      other,
      'createProject',
      { name: 'Going' },
      'project { id }',
    );
    await mutate(dramatis, other, 'deleteProject', { id: going.id, name: 'Going' }, 'project { id }');
    const others = await forget(await userOf(other));
    expect(others.userErrors.map(({ message }) => message)).toEqual([expect.not.stringContaining('Going')]);
  });

  it('withdraws what they are invited to', async () => {
    const { words, other, userId } = await stage();
    const { project } = await mutate(
      dramatis,
      other,
      'createProject',
      { name: 'Elsewhere' },
      'project { id }',
    );
    const input = { projectId: project.id, email: words.email, role: 'VIEWER' };
    await mutate(dramatis, other, 'inviteMember', input, 'token');
    await forget(userId);
    const told = await dramatis.ask(
      `{ project(id: "${project.id}") { invitations(first: 5) { nodes { status email } } auditLog(first: 1) { nodes { action actor { kind } } } } }`,
      {},
      other,
    );
    expect(told.data.project.invitations.nodes).toEqual([{ status: 'WITHDRAWN', email: null }]);
    expect(told.data.project.auditLog.nodes).toEqual([
      { action: 'INVITATION_WITHDRAWN', actor: { kind: 'ADMIN' } },
    ]);
    // The address is free again.
    expect(codes(await mutate(dramatis, other, 'inviteMember', input, 'token'))).toEqual([]);
  });

  it('is for the admin alone', async () => {
    const { doomed, other, projectId, userId } = await stage();
    const key = await apiKey(dramatis, doomed, projectId, { role: 'OWNER' });
    for (const who of [doomed, other, key]) {
      await expect(forget(userId, who)).rejects.toThrow('FORBIDDEN');
      await expect(mutate(dramatis, who, 'exportUser', { id: userId }, 'userExport { url }')).rejects.toThrow(
        'FORBIDDEN',
      );
      for (const query of [
        '{ users(email: "a@b.c") { id } }',
        '{ installationAuditLog(first: 1) { nodes { hash } } }',
      ])
        expect((await dramatis.ask(query, {}, who)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    }
    await expect(forget(projectId)).rejects.toThrow('NOT_FOUND');
  });

  it('nothing that was under way for them outlives it', async () => {
    const { doomed, other, projectId, userId } = await stage();
    const { project } = await mutate(dramatis, other, 'createProject', { name: 'Late' }, 'project { id }');
    const words = { email: `late-${Math.random().toString(36).slice(2)}@x.test` };
    const late = { key: await token(`late-${words.email}`, words) };
    const lateId = await userOf(late);
    const invited = await mutate(
      dramatis,
      other,
      'inviteMember',
      { projectId: project.id, email: words.email, role: 'VIEWER' },
      'token',
    );
    // The row is held while each of them is about to write: they find it forgotten afterwards.
    const held = [userId, lateId].map((id) => fromGlobalId('User', id));
    const holder = new pg.Client({ connectionString: dramatis.database.url });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query(
      'UPDATE users SET issuer = NULL, subject = NULL, email = NULL, name = NULL, forgotten_at = now() WHERE id = ANY($1)',
      [held],
    );
    const asked = Promise.all([
      dramatis.ask('mutation { createProject(input: { name: "Late" }) { project { id } } }', {}, doomed),
      dramatis.ask(
        'mutation ($i: CreateApiKeyInput!) { createApiKey(input: $i) { secret } }',
        { i: { projectId, name: 'late', kind: 'PERSONAL', role: 'VIEWER' } },
        doomed,
      ),
      dramatis.ask(
        'mutation ($t: String!) { acceptInvitation(input: { token: $t }) { member { id } } }',
        { t: invited.token },
        late,
      ),
    ]);
    await awaitLocks(dramatis.database.query, 3);
    await holder.query('COMMIT');
    await holder.end();
    const errors = await asked;
    expect(errors.map(({ errors: each }) => each?.[0]?.extensions.code)).toEqual(
      Array(3).fill('UNAUTHENTICATED'),
    );
    expect(await dramatis.database.query(`SELECT 1 FROM members WHERE user_id = $1`, [held[1]])).toEqual([]);
    expect(await dramatis.database.query(`SELECT 1 FROM api_keys WHERE user_id = $1`, [held[0]])).toEqual([]);
  });

  it('one who joins a project in the same moment is not left in it', async () => {
    const { other } = await stage();
    const rounds = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const { project } = await mutate(
          dramatis,
          other,
          'createProject',
          { name: 'Race' },
          'project { id }',
        );
        const email = `race-${Math.random().toString(36).slice(2)}@x.test`;
        const racer = { key: await token(`race-${email}`, { email }) };
        const id = await userOf(racer);
        const { token: offered } = await mutate(
          dramatis,
          other,
          'inviteMember',
          { projectId: project.id, email, role: 'VIEWER' },
          'token',
        );
        await Promise.all([
          mutate(dramatis, racer, 'acceptInvitation', { token: offered }, 'member { id }').catch(
            () => undefined,
          ),
          eventually('to be forgotten', () => forget(id).catch(() => undefined)),
        ]);
        return fromGlobalId('User', id);
      }),
    );
    expect(await dramatis.database.query('SELECT 1 FROM members WHERE user_id = ANY($1)', [rounds])).toEqual(
      [],
    );
    expect(
      await dramatis.database.query('SELECT 1 FROM users WHERE id = ANY($1) AND forgotten_at IS NULL', [
        rounds,
      ]),
    ).toEqual([]);
  });

  it('nothing is written into the row of a user who was forgotten', async () => {
    const { userId, words } = await stage();
    const id = fromGlobalId('User', userId);
    await forget(userId);
    for (const column of ['issuer', 'subject', 'email', 'name'])
      await expect(
        dramatis.database.query(`UPDATE users SET ${column} = $2 WHERE id = $1`, [id, words.email]),
      ).rejects.toThrow('users_forgotten_check');
  });
});

describe('a user who is absent', () => {
  const db = () => connectDatabase(dramatis.database.url, { maxConnections: 1 });

  it('is seen again when they come: noted once a day', async () => {
    const { doomed, userId } = await stage();
    const id = fromGlobalId('User', userId);
    const seen = async () =>
      (
        await dramatis.database.query(
          'SELECT now() - seen_at > interval \'1 hour\' AS "isOld" FROM users WHERE id = $1',
          [id],
        )
      )[0]?.isOld;
    const come = async (hours: number) => {
      await dramatis.database.query(
        "UPDATE users SET seen_at = now() - $2 * interval '1 hour' WHERE id = $1",
        [id, hours],
      );
      await userOf(doomed);
      return seen();
    };
    expect([await come(23), await come(25)]).toEqual([true, false]);
  });

  it('is not forgotten for that when they have come, or joined a project, by then', async () => {
    const { userId } = await stage();
    const id = fromGlobalId('User', userId);
    const client = db();
    const forgetIfAbsent = (since: Date) =>
      client.$transaction((tx) => forgetUserIn(tx, { kind: 'ADMIN' }, { userId: id, absentSince: since }));
    const [past, future] = [new Date(0), new Date(Date.now() + 60_000)];
    expect((await forgetIfAbsent(future)).forgottenAt).toBeNull();
    await dramatis.database.query('DELETE FROM members WHERE user_id = $1', [id]);
    expect((await forgetIfAbsent(past)).forgottenAt).toBeNull();
    expect((await forgetIfAbsent(future)).forgottenAt).not.toBeNull();
    await client.$disconnect();
  });
});
