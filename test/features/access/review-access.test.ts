import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  credentialOf,
  type Follower,
  questionOf,
  reviewAccess,
} from '../../../src/features/access/review-access.ts';
import type { Role } from '../../../src/platform/auth/role.ts';
import type { Viewer } from '../../../src/platform/auth/viewer.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let db: Database;
let projectId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url, { maxConnections: 4 });
  projectId = (await db.project.create({ data: { name: 'Reviewed' } })).id;
});
afterAll(async () => {
  await db.$disconnect();
  await database.drop();
});

const inAnHour = () => new Date(Date.now() + 3_600_000);

async function person(role: Role | null, expiresAt = inAnHour()): Promise<Extract<Viewer, { kind: 'USER' }>> {
  const { id } = await db.user.create({ data: { issuer: 'tests', subject: randomUUID() } });
  if (role) await db.member.create({ data: { userId: id, projectId, role } });
  return { kind: 'USER', userId: id, email: null, hasDoubtfulEmail: false, expiresAt };
}

async function key(
  role: Role,
  { userId = null, ...more }: { userId?: string | null; expiresAt?: Date; revokedAt?: Date } = {},
): Promise<Extract<Viewer, { kind: 'API_KEY' }>> {
  const secretHash = randomUUID().replaceAll('-', '').repeat(2);
  const data = { projectId, userId, role, name: 'tests', prefix: 'tests', secretHash, ...more };
  const { id } = await db.apiKey.create({ data });
  return { kind: 'API_KEY', apiKeyId: id, userId, projectId, role, allowedModels: [], expiresAt: null };
}

/** The database, and the texts of the parameters of its statements. */
function counted() {
  const asked: string[][] = [];
  const $queryRaw = (text: TemplateStringsArray, ...values: string[]) => {
    asked.push(values);
    return db.$queryRaw(text, ...values);
  };
  return { asked, db: { $queryRaw } as unknown as Database };
}

it('says for each follower, in their order, what they may do or why they may not', async () => {
  const past = new Date(Date.now() - 60_000);
  const [editor, stranger, expired, forgotten] = [
    await person('EDITOR'),
    await person(null),
    await person('OWNER', past),
    await person('OWNER'),
  ];
  const nothing = { issuer: null, subject: null, email: null, name: null };
  await db.user.update({ where: { id: forgotten.userId }, data: { forgottenAt: past, ...nothing } });
  const good = await key('VIEWER');
  const grown: Viewer = { ...good, role: 'OWNER' };
  const gone = randomUUID();
  const cases: [Follower, unknown][] = [
    [{ viewer: editor, projectId }, 'EDITOR'],
    [{ viewer: good, projectId }, 'VIEWER'],
    [{ viewer: { kind: 'ADMIN' }, projectId }, 'OWNER'],
    [{ viewer: stranger, projectId }, 'MEMBERSHIP_ENDED'],
    // The same key was authenticated before and after its role changed.
    [{ viewer: grown, projectId }, 'ROLE_CHANGED'],
    [{ viewer: good, projectId: null }, 'VIEWER'],
    [{ viewer: stranger, projectId: null }, null],
    [{ viewer: expired, projectId }, 'TOKEN_EXPIRED'],
    [{ viewer: expired, projectId: null }, 'TOKEN_EXPIRED'],
    [{ viewer: forgotten, projectId }, 'USER_FORGOTTEN'],
    [{ viewer: await key('VIEWER', { revokedAt: past }), projectId }, 'KEY_ENDED'],
    [{ viewer: await key('VIEWER', { expiresAt: past }), projectId: null }, 'KEY_ENDED'],
    [{ viewer: await key('EDITOR', { userId: editor.userId }), projectId }, 'EDITOR'],
    [{ viewer: await key('OWNER', { userId: editor.userId }), projectId }, 'ROLE_CHANGED'],
    [{ viewer: await key('VIEWER', { userId: stranger.userId }), projectId }, 'KEY_ENDED'],
    [{ viewer: { kind: 'ADMIN' }, projectId: gone }, 'PROJECT_GONE'],
    [{ viewer: { kind: 'ADMIN' }, projectId: null }, 'OWNER'],
    [{ viewer: editor, projectId: gone }, 'MEMBERSHIP_ENDED'],
    [{ viewer: editor, projectId }, 'EDITOR'],
  ];
  const followers = cases.map(([follower]) => follower);
  expect(await reviewAccess({ db }, followers)).toEqual(cases.map(([, standing]) => standing));
  for (const [follower, standing] of cases)
    expect(await reviewAccess({ db }, [follower])).toEqual([standing]);
  expect(await reviewAccess({ db }, [])).toEqual([]);
});

describe('what is asked', () => {
  it('is asked once for each key, and once for each project that a person follows', async () => {
    const { asked, db: counting } = counted();
    const [viewer, editor] = [await key('VIEWER'), await person('EDITOR')];
    const followers: Follower[] = [
      { viewer, projectId: null },
      { viewer, projectId },
      { viewer: { ...viewer }, projectId },
      { viewer: editor, projectId },
      { viewer: editor, projectId: null },
      { viewer: { ...editor }, projectId },
    ];
    await reviewAccess({ db: counting }, followers);
    const [keys, , people] = asked[0] ?? [];
    expect([keys, people]).toEqual([`{${viewer.apiKeyId}}`, `{${editor.userId},${editor.userId}}`]);
    expect(new Set(followers.map(questionOf)).size).toBe(3);
  });

  it('differs for each token of a person, and each role of a key', async () => {
    const [viewer, editor] = [await key('VIEWER'), await person('EDITOR')];
    const others: Viewer[] = [
      { ...viewer, role: 'EDITOR' },
      { ...editor, expiresAt: new Date(0) },
      { kind: 'ADMIN' },
    ];
    expect(new Set([viewer, editor, ...others].map(credentialOf)).size).toBe(5);
  });

  it('is asked in one statement for all reviews that wait, which begins after each was asked for', async () => {
    const { asked, db: counting } = counted();
    const viewers = [await key('VIEWER'), await key('VIEWER'), await key('VIEWER')];
    const followers = viewers.map((viewer) => ({ viewer, projectId }));
    const review = () => reviewAccess({ db: counting }, followers);
    const early = Array.from({ length: 10 }, review);
    await db.apiKey.update({ where: { id: viewers[1]?.apiKeyId ?? '' }, data: { revokedAt: new Date(0) } });
    const late = Array.from({ length: 10 }, review);
    for (const standings of await Promise.all(late))
      expect(standings).toEqual(['VIEWER', 'KEY_ENDED', 'VIEWER']);
    await Promise.all(early);
    expect(asked.length).toBeLessThanOrEqual(6);
    expect(asked[2]?.[0]?.split(',')).toHaveLength(3);
  });
});
