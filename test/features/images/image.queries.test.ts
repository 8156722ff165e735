import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Asker } from '../../../src/features/access/authorize.ts';
import {
  findImage,
  findImageInProject,
  imageUrl,
  originalUrl,
} from '../../../src/features/images/image.queries.ts';
import { verifyImageUrl } from '../../../src/features/images/image-url.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { Loaders } from '../../../src/platform/reads/loaders.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url, { maxConnections: 2 });
});
afterAll(async () => {
  await db.$disconnect();
  await database.drop();
});

async function newImage(): Promise<{ id: string; projectId: string }> {
  const { id: projectId } = await db.project.create({ data: { name: 'Pictures' } });
  const data = {
    projectId,
    sha256: '0'.repeat(64),
    contentType: 'image/png',
    sizeBytes: 1,
    width: 1,
    height: 1,
  };
  return { id: (await db.image.create({ data })).id, projectId };
}

async function member(projectId: string): Promise<Asker> {
  const { id: userId } = await db.user.create({ data: { issuer: 'x', subject: randomUUID() } });
  await db.member.create({ data: { projectId, userId, role: 'VIEWER' } });
  const viewer = {
    kind: 'USER',
    userId,
    email: null,
    hasDoubtfulEmail: false,
    expiresAt: new Date(),
  } as const;
  return { db, viewer, loaders: new Loaders() };
}

describe('a picture', () => {
  it('is found by members of its project; to others it looks like none', async () => {
    const [mine, theirs] = [await newImage(), await newImage()];
    const ctx = await member(mine.projectId);
    expect(await findImage(ctx, mine.id)).toMatchObject(mine);
    for (const id of [theirs.id, randomUUID()])
      await expect(findImage(ctx, id)).rejects.toMatchObject({
        name: 'NotFound',
        message: 'No Image with this id.',
      });
  });

  it('is found in its own project alone, also by those who may see both', async () => {
    const [one, two] = [await newImage(), await newImage()];
    const ctx: Asker = { db, viewer: { kind: 'ADMIN' }, loaders: new Loaders() };
    expect(await findImageInProject(ctx, one.projectId, one.id)).toMatchObject(one);
    await expect(findImageInProject(ctx, two.projectId, one.id)).rejects.toMatchObject({ name: 'NotFound' });
  });
});

describe('its address', () => {
  const now = new Date('2026-03-01T12:00:00Z');
  const ctx = {
    imageSecret: createSecretKey(randomBytes(32)),
    publicUrl: 'http://x',
    clock: { now: () => now },
  };
  const imageId = randomUUID();
  const verified = (url: string) =>
    verifyImageUrl(ctx.imageSecret, { imageId, query: new URL(url).searchParams, now });

  it.each([16, 17, 4_095, 4_096])('is given out for a width of %d', (width) => {
    expect(verified(imageUrl(ctx, { id: imageId }, { width }))).toMatchObject({
      isValid: true,
      width,
      format: null,
    });
  });

  it.each([-1, 0, 15, 4_097])('is not given out for a width of %d', (width) => {
    expect(() => imageUrl(ctx, { id: imageId }, { width })).toThrow(
      expect.objectContaining({
        path: ['width'],
        message: `width must be from 16 to 4096; got ${width}.`,
      }),
    );
  });

  it('leads to what is stored where nothing else is said, and to a file that is saved', () => {
    for (const asked of [{}, { width: null, format: null }])
      expect(verified(imageUrl(ctx, { id: imageId }, asked))).toMatchObject({ width: null, format: null });
    expect(verified(originalUrl(ctx, { id: imageId }))).toMatchObject({ width: null, format: 'ORIGINAL' });
  });
});
