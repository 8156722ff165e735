import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Asker,
  authorize,
  authorizeAdmin,
  authorizeChange,
  isAllowed,
  knowRole,
  refuseClosed,
  roleIn,
  viewerCan,
} from '../../../src/features/access/authorize.ts';
import type { Action } from '../../../src/features/access/policy.ts';
import type { Role } from '../../../src/platform/auth/role.ts';
import type { Viewer } from '../../../src/platform/auth/viewer.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { Loaders } from '../../../src/platform/reads/loaders.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let db: Database;
let projectId: string;
let otherProjectId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url, { maxConnections: 4 });
  const makeProject = async () => (await db.project.create({ data: { name: 'Access' } })).id;
  [projectId, otherProjectId] = [await makeProject(), await makeProject()];
});
afterAll(async () => {
  await db.$disconnect();
  await database.drop();
});

const asks = (viewer: Viewer): Asker => ({ db, viewer, loaders: new Loaders() });
const inAnHour = () => new Date(Date.now() + 3_600_000);
const admin: Viewer = { kind: 'ADMIN' };

/** A person with this role in the project; a stranger for null. */
async function person(role: Role | null, expiresAt = inAnHour()): Promise<Viewer & { kind: 'USER' }> {
  const { id: userId } = await db.user.create({ data: { issuer: 'x', subject: randomUUID() } });
  if (role) await db.member.create({ data: { projectId, userId, role } });
  return { kind: 'USER', userId, email: null, hasDoubtfulEmail: false, expiresAt };
}

async function key(role: Role, of = projectId): Promise<Viewer & { kind: 'API_KEY' }> {
  const secretHash = `${randomUUID()}${randomUUID()}`.replaceAll('-', '');
  const { id } = await db.apiKey.create({
    data: { projectId: of, name: 'k', role, prefix: 'x', secretHash },
  });
  const common = { kind: 'API_KEY', userId: null, allowedModels: [], expiresAt: null } as const;
  return { ...common, apiKeyId: id, projectId: of, role };
}

/** How asking ends: `yes`, or the name of the error. */
async function outcome(viewer: Viewer, action: Action): Promise<string> {
  return authorize(asks(viewer), projectId, action).then(
    () => 'yes',
    (error: Error) => error.name,
  );
}

/** For each action the least role, and whether a key may. Spelled here once more: it is what the policy is held against. */
const policy: Record<Action, readonly [least: Role, mayKey: boolean]> = {
  READ_PROJECT: ['VIEWER', true],
  READ_MEMBERS: ['VIEWER', false],
  LEAVE_PROJECT: ['VIEWER', false],
  USE_OWN_API_KEYS: ['VIEWER', false],
  EDIT_CHARACTERS: ['EDITOR', true],
  GENERATE: ['EDITOR', true],
  RATE_IMAGES: ['EDITOR', true],
  READ_SPEND: ['EDITOR', true],
  ARCHIVE_PROJECT: ['OWNER', true],
  READ_AUDIT_LOG: ['OWNER', false],
  MANAGE_MEMBERS: ['OWNER', false],
  MANAGE_API_KEYS: ['OWNER', false],
  MANAGE_PROVIDER_KEY: ['OWNER', false],
  MANAGE_BUDGETS: ['OWNER', false],
  APPROVE_GENERATIONS: ['OWNER', false],
  RESOLVE_GENERATIONS: ['OWNER', false],
  DELETE_PROJECT: ['OWNER', false],
};
const actions = Object.keys(policy) as Action[];
const roles = ['VIEWER', 'EDITOR', 'OWNER'] as const;
const reaches = (role: Role, least: Role) => roles.indexOf(role) >= roles.indexOf(least);

describe('may I', () => {
  it.each(roles)('as a member who is %s: what the role reaches, and no more', async (role) => {
    const viewer = await person(role);
    for (const action of actions) {
      const expected = reaches(role, policy[action][0]) ? 'yes' : 'Forbidden';
      expect([action, await outcome(viewer, action)]).toEqual([action, expected]);
      expect([action, await isAllowed(asks(viewer), projectId, action)]).toEqual([
        action,
        expected === 'yes',
      ]);
    }
  });

  it.each(roles)('as a key that is %s: the same, without what only people may do', async (role) => {
    const viewer = await key(role);
    for (const action of actions) {
      const [least, mayKey] = policy[action];
      const expected = reaches(role, least) && mayKey ? 'yes' : 'Forbidden';
      expect([action, await outcome(viewer, action)]).toEqual([action, expected]);
      expect([action, await isAllowed(asks(viewer), projectId, action)]).toEqual([
        action,
        expected === 'yes',
      ]);
    }
  });

  it('as a stranger, or a key of another project: there is nothing', async () => {
    for (const viewer of [await person(null), await key('OWNER', otherProjectId)])
      for (const action of actions) {
        expect([action, await outcome(viewer, action)]).toEqual([action, 'NotFound']);
        expect(await isAllowed(asks(viewer), projectId, action)).toBe(false);
      }
  });

  it('as the admin: everything', async () => {
    for (const action of actions) expect([action, await outcome(admin, action)]).toEqual([action, 'yes']);
  });

  it('says what the stranger asked for, and which role a member lacks', async () => {
    const asking = async (viewer: Viewer) => authorize(asks(viewer), projectId, 'GENERATE', 'Character');
    await expect(asking(await person(null))).rejects.toThrow('Character');
    await expect(asking(await person('VIEWER'))).rejects.toThrow(
      'GENERATE needs the role EDITOR; your role is VIEWER.',
    );
  });
});

describe('rights that end while a request is at work', () => {
  it('are noticed by what changes something, though the request has read them before', async () => {
    const ctx = asks(await person('EDITOR'));
    expect(await roleIn(ctx, projectId)).toBe('EDITOR');
    const { userId } = ctx.viewer as Viewer & { kind: 'USER' };
    await db.member.updateMany({ where: { userId }, data: { role: 'VIEWER' } });
    await expect(authorize(ctx, projectId, 'EDIT_CHARACTERS')).rejects.toThrow('your role is VIEWER');
    await db.member.deleteMany({ where: { userId } });
    await expect(authorize(ctx, projectId, 'EDIT_CHARACTERS')).rejects.toMatchObject({ name: 'NotFound' });
    // A read goes by what the request has read.
    await authorize(ctx, projectId, 'READ_SPEND');
  });

  it('end with the key or token itself: it authenticates no viewer any more', async () => {
    const ended = await key('OWNER');
    await db.apiKey.update({ where: { id: ended.apiKeyId }, data: { revokedAt: new Date() } });
    for (const viewer of [ended, await person('OWNER', new Date(Date.now() - 1_000))])
      expect(await outcome(viewer, 'GENERATE')).toBe('Unauthenticated');
  });

  it('are those of a key whose role is now smaller', async () => {
    const viewer = await key('EDITOR');
    await db.apiKey.update({ where: { id: viewer.apiKeyId }, data: { role: 'VIEWER' } });
    expect(await outcome(viewer, 'GENERATE')).toBe('Forbidden');
  });
});

it('a role is read once a request, and not at all when it is known', async () => {
  const member = await person('EDITOR');
  const ctx = asks(member);
  expect(await roleIn(ctx, projectId)).toBe('EDITOR');
  await db.member.updateMany({ where: { userId: member.userId }, data: { role: 'OWNER' } });
  expect([await roleIn(ctx, projectId), await roleIn(asks(member), projectId)]).toEqual(['EDITOR', 'OWNER']);
  const knowing = asks(await person(null));
  knowRole(knowing, projectId, 'VIEWER');
  expect(await roleIn(knowing, projectId)).toBe('VIEWER');
});

it('only the admin is the admin', async () => {
  authorizeAdmin({ viewer: admin });
  for (const viewer of [await person('OWNER'), await key('OWNER')])
    expect(() => authorizeAdmin({ viewer })).toThrow('admin of the installation');
});

describe('a project that is closed', () => {
  const open = () => ({ id: projectId, archivedAt: null, deletingAt: null });
  const may = async (viewer: Viewer, project: object) => {
    const answers = await Promise.all(
      actions.map(
        async (action) => (await viewerCan(asks(viewer), { ...open(), ...project }, action)) && action,
      ),
    );
    return answers.filter((action) => action !== false);
  };
  const reading = actions.filter((action) => action.startsWith('READ_'));

  it('is read, and not changed: when archived but for its settings, when being deleted but for what a run has cost', async () => {
    const owner = await person('OWNER');
    expect(await may(owner, {})).toEqual(actions);
    const changes = ['EDIT_CHARACTERS', 'GENERATE', 'RATE_IMAGES'];
    expect(await may(owner, { archivedAt: new Date() })).toEqual(
      actions.filter((each) => !changes.includes(each)),
    );
    expect(await may(owner, { deletingAt: new Date() })).toEqual([
      ...actions.filter((each) => reading.includes(each) || each === 'RESOLVE_GENERATIONS'),
    ]);
    // Nor does any viewer get more rights than in an open one.
    expect(await may(await person('VIEWER'), { deletingAt: new Date() })).toEqual([
      'READ_PROJECT',
      'READ_MEMBERS',
    ]);
    expect(await may(await person(null), {})).toEqual([]);
  });

  it('is refused by name at the field that names it, to those alone who may', async () => {
    const owner = await person('OWNER');
    const change = (viewer: Viewer) =>
      authorizeChange(asks(viewer), projectId, 'GENERATE', { what: 'Character', field: 'characterId' });
    await change(owner);
    for (const [data, code] of [
      [{ archivedAt: new Date() }, 'PROJECT_ARCHIVED'],
      [{ archivedAt: new Date(), deletingAt: new Date() }, 'PROJECT_DELETING'],
    ] as const) {
      await db.project.update({ where: { id: projectId }, data });
      const refused = { code, path: ['input', 'characterId'] };
      await expect(change(owner)).rejects.toMatchObject(refused);
      await expect(db.$transaction((tx) => refuseClosed(tx, projectId, 'characterId'))).rejects.toMatchObject(
        refused,
      );
      await expect(change(await person('VIEWER'))).rejects.toMatchObject({ name: 'Forbidden' });
      await expect(change(await person(null))).rejects.toMatchObject({ name: 'NotFound' });
    }
    await db.project.update({ where: { id: projectId }, data: { archivedAt: null, deletingAt: null } });
    await expect(db.$transaction((tx) => refuseClosed(tx, randomUUID(), 'id'))).rejects.toMatchObject({
      name: 'NotFound',
    });
  });
});
