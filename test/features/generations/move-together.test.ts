import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { moveGenerationIn } from '../../../src/features/generations/move-generation.ts';
import { moveTogether, type SharedMove } from '../../../src/features/generations/move-together.ts';
import type { GenerationRow } from '../../../src/features/generations/progress.ts';
import { newWakeupId, wakeups } from '../../../src/features/generations/queue/wakeup.ts';
import { createLogger } from '../../../src/logger.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { createTurns } from '../../../src/platform/db/turns.ts';
import { type JobQueue, startJobQueue } from '../../../src/platform/jobs/job-queue.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { awaitLocks } from '../../support/lock-waits.ts';

let database: TestDatabase;
let db: Database;
let otherDb: Database;
let jobs: JobQueue;
let projectId: string;
let characterId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url, { maxConnections: 5 });
  otherDb = connectDatabase(database.url, { maxConnections: 5 });
  jobs = await startJobQueue(database.url, [wakeups], createLogger('silent'));
});
afterAll(async () => {
  await jobs.stop(0);
  await db.$disconnect();
  await otherDb.$disconnect();
  await database.drop();
});
beforeEach(async () => {
  ({ id: projectId } = await db.project.create({ data: { name: 'Together' } }));
  ({ id: characterId } = await db.character.create({ data: { projectId, name: 'Mara' } }));
});

type Status = GenerationRow['status'];

const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id).toSorted();

async function runs(count: number, status: Status = 'QUEUED'): Promise<GenerationRow[]> {
  const request = { requestHash: '0'.repeat(64), modelVersion: '1', parameters: {}, references: [], seed: 1 };
  return db.generation.createManyAndReturn({
    data: Array.from({ length: count }, () => ({
      ...request,
      projectId,
      characterId,
      model: `m-${projectId}`,
      status,
      attemptToken: randomUUID(),
      wakeupId: randomUUID(),
    })),
  });
}
const events = () => db.projectEvent.findMany({ where: { projectId }, orderBy: { sequence: 'asc' } });
const statuses = async () => {
  const rows = await db.generation.findMany({ where: { projectId }, orderBy: { id: 'asc' } });
  return rows.map(({ status }) => status);
};

type Asked = readonly [GenerationRow, SharedMove];

/** What each of the moves comes to: all wait for the project together, but for one before them, which takes a turn. */
async function together(asked: readonly Asked[]): Promise<(Status | string | null)[]> {
  const ctx = { db, jobs, turns: createTurns() };
  const [early] = await runs(1);
  if (!early) throw new Error('There is none.');
  const { outcomes } = await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id::text FROM projects WHERE id = ${projectId}::uuid FOR NO KEY UPDATE`;
    const names = new Set(asked.map(([, { provided }]) => provided?.name));
    for (const name of names) {
      const provided = name === undefined ? undefined : { name, check: async () => undefined };
      void moveTogether(ctx, early, { to: 'QUEUED', from: ['UNCERTAIN'], provided });
    }
    const outcomes = asked.map(([run, move]) =>
      moveTogether(ctx, run, move).then(
        (row) => row?.status ?? null,
        (error: Error) => error.message,
      ),
    );
    await awaitLocks(database.query, 1);
    return { outcomes };
  });
  const answers = await Promise.all(outcomes);
  await db.generation.delete({ where: { id: early.id } });
  return answers;
}

it('moves that wait together are told of in their order, and a stale one among them is nothing', async () => {
  const rows = await runs(20);
  // Neither the order of the ids nor that of the rows.
  const asked = rows
    .toSorted((a, b) => a.id.slice(-4).localeCompare(b.id.slice(-4)))
    .map((row, place): Asked => [row, { to: 'SUBMITTING', ...(place === 7 ? { token: randomUUID() } : {}) }]);
  const outcomes = await together(asked);
  expect(outcomes).toEqual(asked.map((_, place) => (place === 7 ? null : 'SUBMITTING')));
  const told = await events();
  expect(told.map(({ generationId }) => generationId)).toEqual(
    asked.filter((_, place) => place !== 7).map(([row]) => row.id),
  );
  expect(told.map(({ sequence }) => Number(sequence))).toEqual(told.map((_, place) => place + 1));
  expect(new Set(told.map(({ at }) => at.getTime())).size).toBe(1);
});

it('several moves of one run follow each other', async () => {
  const [run] = await runs(1, 'SUBMITTED');
  if (!run) throw new Error('There is none.');
  const slow = { set: { isSlow: true }, event: 'GENERATION_SLOW' } as const;
  const outcomes = await together([
    [run, { to: 'PROCESSING' }],
    [run, { to: 'PROCESSING', from: ['PROCESSING'], ...slow }],
    [run, { to: 'PROCESSING', from: ['SUBMITTED'] }],
  ]);
  expect(outcomes).toEqual(['PROCESSING', 'PROCESSING', null]);
  expect(await events()).toMatchObject([
    { kind: 'GENERATION_CHANGED', progress: { isSlow: false } },
    { kind: 'GENERATION_SLOW', progress: { isSlow: true } },
  ]);
});

it('one that the database refuses does not harm the others', async () => {
  const rows = await runs(5, 'SUBMITTING');
  const id = (place: number) => `${projectId}-${place === 3 ? 1 : place}`;
  const outcomes = await together(
    rows.map((row, place): Asked => {
      const set = { providerAccount: 'a', providerRequestId: id(place) };
      return [row, { to: 'SUBMITTED', set }];
    }),
  );
  const refused = expect.stringContaining('provider_request_id');
  expect(outcomes).toEqual(['SUBMITTED', 'SUBMITTED', 'SUBMITTED', refused, 'SUBMITTED']);
  expect((await statuses()).filter((status) => status === 'SUBMITTED')).toHaveLength(4);
  expect(await events()).toHaveLength(4);
});

it('a condition that fails keeps back only the moves that depend on it', async () => {
  const rows = await runs(6);
  const refuse = async () => {
    throw new Error('another account');
  };
  const outcomes = await together(
    rows.map((row, place): Asked => {
      if (place === 0) return [row, { to: 'CANCELED' }];
      const [name, check] = place % 2 === 0 ? ['old', refuse] : ['new', async () => undefined];
      return [row, { to: 'SUBMITTING', provided: { name, check } }];
    }),
  );
  const expected = rows.map((_, place) => (place % 2 === 0 ? 'another account' : 'SUBMITTING'));
  expect(outcomes).toEqual(['CANCELED', ...expected.slice(1)]);
  expect((await statuses()).filter((status) => status === 'QUEUED')).toHaveLength(2);
  expect(await events()).toHaveLength(4);
});

it('each gives its slot back to the next, and brings what belongs to it; a stale one brings nothing', async () => {
  await db.project.update({ where: { id: projectId }, data: { maxConcurrentGenerations: 4 } });
  const busy = await runs(4);
  for (const run of busy)
    await db.generation.update({ where: { id: run.id }, data: { status: 'PROCESSING' } });
  const waiting = await runs(5);
  const image = { projectId, contentType: 'image/png', sizeBytes: 1, width: 1, height: 1 };
  const images = await db.image.createManyAndReturn({
    data: busy.map((_, place) => ({ ...image, sha256: place.toString().repeat(64) })),
  });
  const lesson = {
    priceShape: '{}',
    outputCount: 1,
    providerAccount: null,
    environment: '',
    seconds: null,
  } as const;
  const wakeups = busy.map(newWakeupId);
  const asked = busy.map((run, place): Asked => {
    const costMicros = BigInt(place + 1);
    return [
      run,
      {
        to: 'STORING',
        ...(place === 3 ? { from: ['SUBMITTED'] } : {}),
        lesson: { ...lesson, model: run.model, costMicros, source: 'PROVIDER' },
        images: [{ index: 0, imageId: images[place]?.id ?? '' }],
        wakeup: { id: wakeups[place] ?? '' },
      },
    ];
  });
  expect(await together(asked)).toEqual(['STORING', 'STORING', 'STORING', null]);

  const held = await db.generation.findMany({ where: { projectId, holdsSlot: true, status: 'QUEUED' } });
  expect(idsOf(held)).toEqual(idsOf(waiting.slice(0, 3)));
  expect(await db.project.findUniqueOrThrow({ where: { id: projectId } })).toMatchObject({
    activeGenerations: 4,
  });
  const sent = await database.query('SELECT id FROM pgboss.job WHERE id = ANY($1)', [
    [...held.map(({ wakeupId }) => wakeupId), ...wakeups],
  ]);
  expect(sent).toHaveLength(6);
  const learnt = await db.priceObservation.findMany({ where: { model: busy[0]?.model ?? '' } });
  expect(learnt.map(({ costMicros }) => Number(costMicros)).toSorted()).toEqual([1, 2, 3]);
  const kept = await db.image.findMany({ where: { projectId, generatedImages: { some: {} } } });
  expect(idsOf(kept)).toEqual(idsOf(images.slice(0, 3)));
});

it('two processes that move the same runs in any order move each once, and neither blocks the other', async () => {
  const rows = await runs(150);
  const processes = [db, otherDb, db, otherDb].map((each) => ({ db: each, jobs, turns: createTurns() }));
  for (const [from, to] of [
    ['QUEUED', 'SUBMITTING'],
    ['SUBMITTING', 'SUBMITTED'],
    ['SUBMITTED', 'PROCESSING'],
    ['PROCESSING', 'STORING'],
  ] as const) {
    const moved = await Promise.all(
      processes.flatMap((ctx, place) => {
        const order = rows.toSorted((a, b) =>
          a.id.slice(-4 - place, -1 - place).localeCompare(b.id.slice(-4 - place, -1 - place)),
        );
        return order.map((row) => moveTogether(ctx, row, { from: [from], to }));
      }),
    );
    expect(idsOf(moved.filter((row) => row !== null))).toEqual(idsOf(rows));
  }
  const told = await events();
  expect(told.map(({ sequence }) => Number(sequence))).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
});

it('who holds a run and wants the project gets it, although others wait for the run', async () => {
  const [held, ...others] = await runs(5);
  if (!held) throw new Error('There is none.');
  const ctx = { db: otherDb, jobs, turns: createTurns() };
  let waiting: Promise<unknown> | undefined;
  const moved = await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id::text FROM generations WHERE id = ${held.id}::uuid FOR NO KEY UPDATE`;
    waiting = Promise.all([...others, held].map((run) => moveTogether(ctx, run, { to: 'SUBMITTING' })));
    await awaitLocks(database.query, 1);
    return moveGenerationIn({ jobs }, tx, held.id, { to: 'CANCELED' });
  });
  expect(moved).toMatchObject({ status: 'CANCELED' });
  expect(await waiting).toMatchObject([...others.map(({ id }) => ({ id, status: 'SUBMITTING' })), null]);
});

it('who has the project may point at runs that others want to move', async () => {
  const rows = await runs(3, 'SUBMITTING');
  let waiting: Promise<unknown> | undefined;
  await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id::text FROM projects WHERE id = ${projectId}::uuid FOR NO KEY UPDATE`;
    const ctx = { db: otherDb, jobs, turns: createTurns() };
    waiting = Promise.all(
      rows.map((run, place) => {
        const set = { providerAccount: 'b', providerRequestId: `${projectId}-${place}` };
        return moveTogether(ctx, run, { to: 'SUBMITTED', set });
      }),
    );
    await awaitLocks(database.query, 1);
    const keys = rows.map(({ id }, place) => ({ projectId, generationId: id, idempotencyKey: `k-${place}` }));
    await tx.answeredKey.createMany({ data: keys.map((key) => ({ ...key, requestHash: '0'.repeat(64) })) });
  });
  expect(await waiting).toMatchObject(rows.map(({ id }) => ({ id, status: 'SUBMITTED' })));
});
