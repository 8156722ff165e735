import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { changedProjects } from '../../../src/features/project-events/changed-projects.ts';
import { untilEnd } from '../../../src/features/requests/await-end.ts';
import { createLogger } from '../../../src/logger.ts';
import type { Viewer } from '../../../src/platform/auth/viewer.ts';
import { connectDatabase } from '../../../src/platform/db/connect.ts';
import { startEventFeed } from '../../../src/platform/events/event-feed.ts';
import { createTestDatabase } from '../../support/database.ts';
import { delay } from '../../support/delay.ts';

it('a call is answered at once when too many wait, of its viewer or in all, until others have ended', async () => {
  const database = await createTestDatabase();
  const db = connectDatabase(database.url);
  const events = await startEventFeed(database.url, createLogger('silent'), { changed: changedProjects });
  const keyOf = (userId: string): Viewer => ({
    kind: 'API_KEY',
    apiKeyId: userId,
    userId,
    projectId: 'p',
    role: 'EDITOR',
    allowedModels: [],
    expiresAt: null,
  });
  const stopping = new AbortController();
  const wait = (viewer: Viewer, signal = stopping.signal) =>
    untilEnd(
      { db, events, stopping: signal, viewer },
      { id: randomUUID(), projectId: randomUUID() },
      3_600_000,
      { inAll: 3, ofViewer: 2 },
    );
  const isPending = async (call: Promise<void>) =>
    (await Promise.race([call.then(() => false), delay(50).then(() => true)])) === true;
  const first = [wait(keyOf('a')), wait(keyOf('a'))];
  await wait(keyOf('a'));
  const other = wait(keyOf('b'));
  await wait(keyOf('c'));
  expect(await Promise.all([...first, other].map(isPending))).toEqual([true, true, true]);
  stopping.abort();
  await Promise.all([...first, other]);
  const again = new AbortController();
  const later = wait(keyOf('a'), again.signal);
  expect(await isPending(later)).toBe(true);
  again.abort();
  await later;
  await events.close();
  await db.$disconnect();
  await database.drop();
});
