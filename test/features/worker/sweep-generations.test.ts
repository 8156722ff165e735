import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { moveTogether } from '../../../src/features/generations/move-together.ts';
import { wakeups } from '../../../src/features/generations/queue/wakeup.ts';
import { sweepGenerations } from '../../../src/features/worker/sweep-generations.ts';
import { createLogger } from '../../../src/logger.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { createTurns } from '../../../src/platform/db/turns.ts';
import { type JobQueue, startJobQueue } from '../../../src/platform/jobs/job-queue.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { awaitLocks } from '../../support/lock-waits.ts';

let database: TestDatabase;
let db: Database;
let jobs: JobQueue;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url);
  jobs = await startJobQueue(database.url, [wakeups], createLogger('silent'));
});
afterAll(async () => {
  await jobs.stop(0);
  await db.$disconnect();
  await database.drop();
});

it('a sweep and moves of the same runs wait for each other, and neither blocks the other', async () => {
  const { id: projectId } = await db.project.create({ data: { name: 'Swept' } });
  const { id: characterId } = await db.character.create({ data: { projectId, name: 'Mara' } });
  const request = {
    requestHash: '0'.repeat(64),
    model: 'm',
    modelVersion: '1',
    parameters: {},
    references: [],
  };
  // The first by id was asked for last.
  const runs = await db.generation.createManyAndReturn({
    data: [1, 2, 3].map((digit) => ({
      ...request,
      id: `${digit}${randomUUID().slice(1)}`,
      projectId,
      characterId,
      seed: 1,
      status: 'SUBMITTED' as const,
      wakeupId: randomUUID(),
      requestedAt: new Date(Date.now() - digit * 1_000),
    })),
  });
  const ctx = { db, jobs, turns: createTurns() };
  let waiting: Promise<unknown> | undefined;
  await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id::text FROM generations WHERE id = ${runs[0]?.id}::uuid FOR NO KEY UPDATE`;
    const moves = moveTogether(ctx, runs[1] ?? { id: '', projectId }, { to: 'SUBMITTED', from: ['QUEUED'] });
    const others = runs.map((run) => moveTogether(ctx, run, { to: 'PROCESSING' }));
    await awaitLocks(database.query, 1);
    waiting = Promise.all([moves, ...others, db.$transaction((tx) => sweepGenerations(ctx, tx))]);
    await awaitLocks(database.query, 2);
  });
  expect(await waiting).toMatchObject([null, ...runs.map(() => ({ status: 'PROCESSING' })), 3]);
  // Each has a job now.
  expect(await db.$transaction((tx) => sweepGenerations(ctx, tx))).toBe(0);
});
