import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { UserError } from '../../../src/errors.ts';
import type { GenerationRow } from '../../../src/features/generations/progress.ts';
import { wakeups } from '../../../src/features/generations/queue/wakeup.ts';
import { insertGeneration } from '../../../src/features/requests/insert-generation.ts';
import type { NewGeneration } from '../../../src/features/requests/new-generation.ts';
import { createLogger } from '../../../src/logger.ts';
import type { Viewer } from '../../../src/platform/auth/viewer.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { createTurns, type Turns } from '../../../src/platform/db/turns.ts';
import { type JobQueue, startJobQueue } from '../../../src/platform/jobs/job-queue.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { awaitLocks } from '../../support/lock-waits.ts';

let database: TestDatabase;
let db: Database;
let jobs: JobQueue;
let turns: Turns;
let projectId: string;
let characterId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url, { maxConnections: 10 });
  jobs = await startJobQueue(database.url, [wakeups], createLogger('silent'));
});
afterAll(async () => {
  await jobs.stop(0);
  await db.$disconnect();
  await database.drop();
});
beforeEach(async () => {
  turns = createTurns();
  ({ id: projectId } = await db.project.create({ data: { name: 'Together' } }));
  ({ id: characterId } = await db.character.create({ data: { projectId, name: 'Mara' } }));
});

const hash = (digit: string) => digit.repeat(64);
const wish = (more: Partial<NewGeneration> = {}): NewGeneration => ({
  projectId,
  characterId,
  environment: '',
  model: 'consistent-character',
  modelVersion: '1',
  prompt: 'at the sea',
  parameters: { prompt: 'at the sea' },
  references: [],
  seed: 7n,
  priceMicros: 5n,
  holdMicros: 10n,
  priceShape: '{}',
  outputCount: 1,
  resultKey: hash('0'),
  requestHash: hash('1'),
  idempotencyKey: null,
  batch: null,
  retryOfId: null,
  reuse: 'NEVER',
  ...more,
});
const ask = (more: Partial<NewGeneration> = {}, viewer: Viewer = { kind: 'ADMIN' }) =>
  insertGeneration({ db, jobs, turns, viewer }, wish(more), 'characterId');

/** What each of them comes to, in their order: they wait for the project together, behind `first`. */
async function together(first: () => Promise<unknown>, asks: readonly (() => Promise<GenerationRow>)[]) {
  return db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id::text FROM projects WHERE id = ${projectId}::uuid FOR NO KEY UPDATE`;
    // The first turn is taken at once, by one; all others gather for the next.
    const early = first();
    const outcomes = asks.map((each) =>
      each().then(
        (row) => row,
        (error: Error) => (error instanceof UserError ? error.code : error.message),
      ),
    );
    await awaitLocks(database.query, 1);
    return { early, outcomes };
  });
}

/** Everything that belongs to runs, in the order of the rows. */
async function written() {
  const runs = await db.generation.findMany({
    where: { projectId },
    orderBy: [{ requestedAt: 'asc' }, { id: 'asc' }],
  });
  const events = await db.projectEvent.findMany({ where: { projectId }, orderBy: { sequence: 'asc' } });
  const entries = await db.auditEntry.findMany({ where: { projectId }, orderBy: { sequence: 'asc' } });
  const holds = await db.ledgerEntry.findMany({ where: { projectId }, orderBy: { id: 'asc' } });
  const woken = await database.query(
    'SELECT g.id FROM generations g JOIN pgboss.job j ON j.id = g.wakeup_id WHERE g.project_id = $1 AND g.holds_slot',
    [projectId],
  );
  return { runs, events, entries, holds, woken: woken.map(({ id }) => id) };
}

async function expectWhole(count: number): Promise<void> {
  const { runs, events, entries, holds, woken } = await written();
  const ids = runs.map(({ id }) => id);
  expect(ids).toHaveLength(count);
  const requests = events.filter(({ kind }) => kind === 'GENERATION_REQUESTED');
  expect(requests.map(({ generationId }) => generationId)).toEqual(ids);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => BigInt(index + 1)));
  expect(entries.map(({ targetId }) => targetId)).toEqual(ids);
  expect(holds.map(({ generationId }) => generationId)).toEqual(ids);
  expect(woken.sort()).toEqual(
    runs
      .filter(({ holdsSlot }) => holdsSlot)
      .map(({ id }) => id)
      .sort(),
  );
}

it('each of those who are written together gets their own right answer', async () => {
  await db.project.update({ where: { id: projectId }, data: { approvalPerBatchMicros: 15n } });
  await db.budget.create({ data: { projectId, scope: 'PROJECT', period: 'TOTAL', capMicros: 60n } });
  const keyed = await ask({ idempotencyKey: 'before', resultKey: hash('a') });
  const key: Viewer = {
    kind: 'API_KEY',
    apiKeyId: randomUUID(),
    userId: null,
    projectId,
    role: 'EDITOR',
    allowedModels: [],
    expiresAt: null,
  };
  const { early, outcomes } = await together(ask, [
    () => ask({ idempotencyKey: 'before', resultKey: hash('a') }),
    () => ask({ idempotencyKey: 'before', requestHash: hash('2') }),
    () => ask({ idempotencyKey: 'twin', batch: 'b' }, key),
    () => ask({ idempotencyKey: 'twin', batch: 'b' }),
    () => ask({ idempotencyKey: 'twin', requestHash: hash('2') }),
    () => ask({ holdMicros: 31n }),
    () => ask({ batch: 'b', holdMicros: 6n }),
    () => ask({ reuse: 'ANY_SEED', resultKey: hash('a'), seed: 9n, idempotencyKey: 'reused' }),
    () => ask({ reuse: 'SAME_SEED', resultKey: hash('b'), seed: 9n }),
    () => ask({ reuse: 'SAME_SEED', resultKey: hash('b'), seed: 9n }),
    () => ask({ holdMicros: 15n }),
    () => ask({ holdMicros: 14n }),
  ]);
  await early;
  const told = await Promise.all(outcomes);
  const row = (index: number) => told[index] as GenerationRow;
  expect(row(0).id).toBe(keyed.id);
  expect(told[1]).toBe('IDEMPOTENCY_KEY_REUSED');
  expect(row(2)).toMatchObject({ status: 'QUEUED', idempotencyKey: 'twin', apiKeyId: key.apiKeyId });
  expect(row(3).id).toBe(row(2).id);
  expect(told[4]).toBe('IDEMPOTENCY_KEY_REUSED');
  expect(told[5]).toBe('BUDGET_EXCEEDED');
  // Ten of the batch are held by now.
  expect(row(6)).toMatchObject({ status: 'AWAITING_APPROVAL', holdsSlot: false });
  expect(row(7).id).toBe(keyed.id);
  expect(row(8)).toMatchObject({ status: 'QUEUED', seed: 9n });
  expect(row(9).id).toBe(row(8).id);
  // 10 before, 10 ahead of them, 10, 6, 10: 14 are left.
  expect(told[10]).toBe('BUDGET_EXCEEDED');
  expect(row(11)).toMatchObject({ status: 'QUEUED', holdMicros: 14n });
  await expectWhole(6);
  const [window] = await db.budgetWindow.findMany({ where: { budget: { projectId } } });
  expect(window).toMatchObject({ heldMicros: 60n, settledMicros: 0n });
  expect(await db.answeredKey.findMany({ where: { projectId } })).toMatchObject([
    { idempotencyKey: 'reused', generationId: keyed.id },
  ]);
  const [, , ofKey] = (await written()).entries;
  expect(ofKey).toMatchObject({ actorKind: 'API_KEY', apiKeyId: key.apiKeyId, targetId: row(2).id });
});

it('a run, or a batch, that costs exactly what may pass does; a millionth more waits', async () => {
  const statusOf = async (more: Partial<NewGeneration>) => (await ask(more)).status;
  await db.project.update({ where: { id: projectId }, data: { approvalPerRunMicros: 10n } });
  expect([await statusOf({ holdMicros: 10n }), await statusOf({ holdMicros: 11n })]).toEqual([
    'QUEUED',
    'AWAITING_APPROVAL',
  ]);
  const data = { approvalPerRunMicros: null, approvalPerBatchMicros: 20n };
  await db.project.update({ where: { id: projectId }, data });
  const statuses = [];
  for (const holdMicros of [10n, 10n, 1n]) statuses.push(await statusOf({ holdMicros, batch: 'b' }));
  expect(statuses).toEqual(['QUEUED', 'QUEUED', 'AWAITING_APPROVAL']);
});

it('a run is reused as long as one of its pictures is not discarded', async () => {
  const wanted = { reuse: 'ANY_SEED', resultKey: hash('c') } as const;
  const { id } = await ask(wanted);
  const discard = (discarded: number) =>
    db.generation.update({
      where: { id },
      data: { status: 'COMPLETED', finishedAt: new Date(), costMicros: 1n, pictures: 2, discarded },
    });
  await discard(1);
  expect((await ask(wanted)).id).toBe(id);
  await discard(2);
  const bought = await ask(wanted);
  expect(bought.id).not.toBe(id);
  expect((await ask(wanted)).id).toBe(bought.id);
});

it('those who meet a project that closes meanwhile are told so; who was answered before gets the answer', async () => {
  const keyed = await ask({ idempotencyKey: 'before' });
  const { told } = await db.$transaction(async (tx) => {
    await tx.project.update({ where: { id: projectId }, data: { archivedAt: new Date() } });
    const asks = [ask(), ask(), ask({ idempotencyKey: 'before' }), ask()];
    const settled = asks.map((each) =>
      each.then(
        ({ id }) => id,
        (error: { code: string }) => error.code,
      ),
    );
    await awaitLocks(database.query, 1);
    return { told: settled };
  });
  const closed = 'PROJECT_ARCHIVED';
  expect(await Promise.all(told)).toEqual([closed, closed, keyed.id, closed]);
  await expectWhole(1);
});

it('what the database refuses of one leaves the others alone', async () => {
  const { early, outcomes } = await together(ask, [
    () => ask(),
    () => ask({ characterId: randomUUID() }),
    () => ask({ holdMicros: -1n }),
    () => ask(),
  ]);
  await early;
  const told = await Promise.all(outcomes);
  expect(told.map((each) => typeof each)).toEqual(['object', 'string', 'string', 'object']);
  expect(told[1]).toMatch(/generations_character_id_fkey/);
  expect(told[2]).toMatch(/generations_money_check/);
  await expectWhole(3);
});

it('a race of two hundred over two processes: as many as fit, each whole, rows in the order of events', async () => {
  await db.budget.create({ data: { projectId, scope: 'PROJECT', period: 'DAY', capMicros: 1_234n } });
  await db.project.update({ where: { id: projectId }, data: { maxConcurrentGenerations: 30 } });
  const other = createTurns();
  const told = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      insertGeneration(
        { db, jobs, turns: index % 2 ? turns : other, viewer: { kind: 'ADMIN' } },
        wish({ idempotencyKey: `key ${index % 150}` }),
        'characterId',
      ).then(
        ({ id }) => id,
        (error: { code: string }) => error.code,
      ),
    ),
  );
  const ids = new Set(told.filter((each) => each !== 'BUDGET_EXCEEDED'));
  expect(ids.size).toBe(123);
  await expectWhole(123);
  expect(await db.generation.count({ where: { projectId, holdsSlot: true } })).toBe(30);
  // Requests with the same key got the same answer.
  expect(told.slice(150)).toEqual(told.slice(0, 50));
});
