import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { moveGeneration } from '../../../src/features/generations/move-generation.ts';
import { moveTogether, type SharedMove } from '../../../src/features/generations/move-together.ts';
import { writeProgress } from '../../../src/features/generations/progress.ts';
import { wakeups } from '../../../src/features/generations/queue/wakeup.ts';
import { createLogger } from '../../../src/logger.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { createTurns } from '../../../src/platform/db/turns.ts';
import { type JobQueue, startJobQueue } from '../../../src/platform/jobs/job-queue.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let db: Database;
let jobs: JobQueue;
let id: string;
let projectId: string;
/** Each attempt has a token of its own. */
let token: string;
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
  token = randomUUID();
  ({ id: projectId } = await db.project.create({ data: { name: 'Moves' } }));
  const character = await db.character.create({ data: { projectId, name: 'Mara' } });
  const request = {
    requestHash: '0'.repeat(64),
    model: 'm',
    modelVersion: '1',
    parameters: {},
    references: [],
  };
  ({ id } = await db.generation.create({
    data: { projectId, characterId: character.id, ...request, seed: 1, wakeupId: randomUUID() },
  }));
});

const status = async () => (await db.generation.findUniqueOrThrow({ where: { id } })).status;
const events = () => db.projectEvent.findMany({ where: { projectId }, orderBy: { sequence: 'asc' } });

it('of twenty that want the same move one makes it, and there is one event', async () => {
  const moves = await Promise.all(
    Array.from({ length: 20 }, () =>
      moveGeneration({ db, jobs }, id, { to: 'SUBMITTING', set: { attemptToken: randomUUID() } }),
    ),
  );
  const [moved, ...others] = moves.filter((row) => row !== null);
  expect(others).toEqual([]);
  const row = await db.generation.findUniqueOrThrow({ where: { id } });
  expect(row).toMatchObject({ status: 'SUBMITTING', attemptToken: moved?.attemptToken });
  expect(await events()).toMatchObject([{ sequence: 1n, progress: { status: 'SUBMITTING' } }]);
});

it('an attempt that no longer holds the run writes nothing', async () => {
  await moveGeneration({ db, jobs }, id, { to: 'SUBMITTING', set: { attemptToken: token } });
  const late = { to: 'SUBMITTED', token: randomUUID(), set: { providerRequestId: 'r-1' } } as const;
  expect(await moveGeneration({ db, jobs }, id, late)).toBeNull();
  expect(await status()).toBe('SUBMITTING');
  expect(await moveGeneration({ db, jobs }, id, { ...late, token })).toMatchObject({
    providerRequestId: 'r-1',
  });
  expect(await events()).toHaveLength(2);
});

it('a token that is kept already is refused: a review gave it up', async () => {
  await db.submitIntent.create({ data: { token, generationId: id } });
  const submit = { to: 'SUBMITTING', set: { attemptToken: token } } as const;
  await expect(moveGeneration({ db, jobs }, id, submit)).rejects.toThrow('submit_intents');
  expect(await status()).toBe('QUEUED');
});

it('a move for a run that no attempt holds is for such a run, or for its own', async () => {
  const found = { to: 'SUBMITTED', from: ['UNCERTAIN'], orUnheld: true } as const;
  await moveGeneration({ db, jobs }, id, { to: 'SUBMITTING', set: { attemptToken: token } });
  await moveGeneration({ db, jobs }, id, { to: 'UNCERTAIN' });
  expect(await moveGeneration({ db, jobs }, id, found)).toBeNull();
  expect(await moveGeneration({ db, jobs }, id, { ...found, token: randomUUID() })).toBeNull();
  await db.generation.update({ where: { id }, data: { attemptToken: null } });
  expect(await moveGeneration({ db, jobs }, id, { ...found, token })).toMatchObject({ status: 'SUBMITTED' });
});

it('a wish to cancel comes before the submit', async () => {
  const noted = { to: 'QUEUED', from: ['QUEUED'], set: { cancelRequestedAt: 'now' } } as const;
  await moveGeneration({ db, jobs }, id, noted);
  const submit = { to: 'SUBMITTING', set: { attemptToken: token } } as const;
  expect(await moveGeneration({ db, jobs }, id, { ...submit, unlessCanceled: true })).toBeNull();
  expect(await status()).toBe('QUEUED');
});

it('nothing goes where the state machine does not lead', async () => {
  expect(await moveGeneration({ db, jobs }, id, { to: 'COMPLETED' })).toBeNull();
  await moveGeneration({ db, jobs }, id, { to: 'CANCELED' });
  for (const to of ['QUEUED', 'SUBMITTING', 'STORING', 'FAILED'] as const)
    expect(await moveGeneration({ db, jobs }, id, { to })).toBeNull();
  expect(await status()).toBe('CANCELED');
});

it('what belongs to the move fails with it: no status, no event', async () => {
  const also = async () => {
    throw new Error('no room');
  };
  await expect(moveGeneration({ db, jobs }, id, { to: 'CANCELED', also })).rejects.toThrow('no room');
  expect(await status()).toBe('QUEUED');
  expect(await events()).toEqual([]);
});

it('an uncertain run that is found at the provider has a slot again, above the limit if need be', async () => {
  const count = async () => {
    const { activeGenerations: active, excessGenerations: excess } = await db.project.findUniqueOrThrow({
      where: { id: projectId },
    });
    return { active, excess };
  };
  await db.project.update({ where: { id: projectId }, data: { maxConcurrentGenerations: 0 } });
  await moveGeneration({ db, jobs }, id, { to: 'SUBMITTING', set: { attemptToken: token } });
  await moveGeneration({ db, jobs }, id, { to: 'UNCERTAIN' });
  expect(await count()).toEqual({ active: 0, excess: 0 });
  await moveGeneration({ db, jobs }, id, { to: 'SUBMITTED', set: { providerRequestId: `found-${id}` } });
  expect(await count()).toEqual({ active: 1, excess: 1 });
  await moveGeneration({ db, jobs }, id, { to: 'STORING' });
  expect(await count()).toEqual({ active: 0, excess: 0 });
});

describe('a move that shares its turn', () => {
  const move = (asked: SharedMove) =>
    moveTogether({ db, jobs, turns: createTurns() }, { id, projectId }, asked);

  it('answers the row as Prisma reads it', async () => {
    const set = { attemptToken: token, attemptedAt: 'now', providerAccount: 'a' } as const;
    const moved = await move({ to: 'SUBMITTING', set });
    expect(moved).toEqual(await db.generation.findUniqueOrThrow({ where: { id } }));
  });

  it('tells of it as a move of several does', async () => {
    const set = {
      attemptToken: token,
      submittedAt: 'now',
      startedAt: 'now',
      providerRequestId: 'r-1',
      inferenceSeconds: 1.5,
      costMicros: 85_000n,
      costSource: 'PROVIDER',
      failureCode: 'F',
      failureMessage: 'It "failed".',
      failureRetryable: true,
      isSlow: true,
      outputProblems: [{ index: 0, code: 'C', message: 'm' }],
    } as const;
    const row = await move({ to: 'SUBMITTING', set });
    const [event] = await events();
    expect(row && writeProgress(row)).toEqual(event?.progress);
  });

  it('leaves nothing behind when its event cannot be written', async () => {
    await database.query('ALTER TABLE project_events ADD CONSTRAINT none CHECK (false) NOT VALID');
    try {
      await expect(move({ to: 'SUBMITTING' })).rejects.toThrow();
      expect(await status()).toBe('QUEUED');
    } finally {
      await database.query('ALTER TABLE project_events DROP CONSTRAINT none');
    }
  });
});

describe.each<[string, (move: SharedMove) => Promise<unknown>]>([
  ['alone', (move) => moveGeneration({ db, jobs }, id, move)],
  ['in a turn', (move) => moveTogether({ db, jobs, turns: createTurns() }, { id, projectId }, move)],
])('a move %s', (_, move) => {
  it.each(['NUL \0', 'half \ud83d', 'the other half \ude00', '\\u0000 \0'])(
    'takes place whatever it says: %j',
    async (words) => {
      const kept = words.toWellFormed().replace('\0', '\ufffd');
      const set = (text: string) => ({
        failureMessage: text,
        outputs: [{ index: 0, url: text }],
        outputProblems: [{ index: 0, code: 'OUTPUT_REFUSED', message: text }],
      });
      await move({ to: 'SUBMITTING', set: { attemptToken: token } });
      await move({ to: 'FAILED', set: set(words) });
      const { failureMessage, outputs, outputProblems } = await db.generation.findUniqueOrThrow({
        where: { id },
      });
      expect({ failureMessage, outputs, outputProblems }).toEqual(set(kept));
      expect(await events()).toMatchObject([{}, { progress: { status: 'FAILED', failureMessage: kept } }]);
    },
  );
});
