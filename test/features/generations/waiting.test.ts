import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { moveGeneration } from '../../../src/features/generations/move-generation.ts';
import { moveTogether } from '../../../src/features/generations/move-together.ts';
import { readProgress, writeProgress } from '../../../src/features/generations/progress.ts';
import { wakeups } from '../../../src/features/generations/queue/wakeup.ts';
import {
  noteWaiting,
  type WaitReason,
  waitOf,
  waitReasons,
} from '../../../src/features/generations/waiting.ts';
import { createLogger } from '../../../src/logger.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { createTurns } from '../../../src/platform/db/turns.ts';
import { type JobQueue, startJobQueue } from '../../../src/platform/jobs/job-queue.ts';
import { fromGlobalId, toGlobalId } from '../../../src/platform/reads/global-id.ts';
import { Dramatis } from '../../support/dramatis.ts';
import { holdRun, newPlace, type RunPlace } from '../../support/runs.ts';

let dramatis: Dramatis;
let db: Database;
let jobs: JobQueue;
let place: RunPlace;
beforeAll(async () => {
  // No worker: only the test moves the runs.
  dramatis = await Dramatis.start({ environment: { ROLE: 'api' } });
  db = connectDatabase(dramatis.database.url);
  jobs = await startJobQueue(dramatis.database.url, [wakeups], createLogger('silent'));
  place = await newPlace(db);
});
afterAll(async () => {
  await jobs.stop(0);
  await db.$disconnect();
  await dramatis.stop();
});

const submitting = () => ({ to: 'SUBMITTING', set: { attemptToken: randomUUID() } }) as const;
/** In the queue, with its slot. */
const newRun = async () => {
  const id = await holdRun(db, place, 0n);
  await db.$transaction([
    db.project.update({ where: { id: place.projectId }, data: { activeGenerations: { increment: 1 } } }),
    db.generation.update({ where: { id }, data: { holdsSlot: true } }),
  ]);
  return id;
};
const read = (id: string) => db.generation.findUniqueOrThrow({ where: { id } });
const note = async (id: string, reason: WaitReason | null) => noteWaiting({ db }, await read(id), reason);
async function told(id: string) {
  const query = '{ waitingFor { reason since } status }';
  const { generation } = await dramatis.get(`query ($id: ID!) { generation(id: $id) ${query} }`, {
    id: toGlobalId('Generation', id),
  });
  return generation;
}

it('a run says why it waits, and since when, and one that waits for nothing special says so', async () => {
  const id = await newRun();
  expect(await told(id)).toEqual({ status: 'QUEUED', waitingFor: null });
  await note(id, 'STORAGE');
  const { waitingSince } = await read(id);
  const since = waitingSince?.toISOString();
  expect(await told(id)).toEqual({ status: 'QUEUED', waitingFor: { reason: 'STORAGE', since } });
  await note(id, null);
  expect(await told(id)).toEqual({ status: 'QUEUED', waitingFor: null });
});

it('the same reason again writes nothing, and another one begins anew', async () => {
  const id = await newRun();
  await note(id, 'STORAGE');
  const version = () =>
    db.$queryRaw`SELECT xmin::text, waiting_since FROM generations WHERE id = ${id}::uuid`;
  const first = await version();
  await note(id, 'STORAGE');
  expect(await version()).toEqual(first);
  const since = (await read(id)).waitingSince;
  await note(id, 'PROVIDER_KEY');
  const next = await read(id);
  expect(next.waitingFor).toBe('PROVIDER_KEY');
  expect(next.waitingSince?.getTime()).toBeGreaterThan(since?.getTime() ?? Infinity);
});

it('is not noted of a run that has moved on meanwhile', async () => {
  const id = await newRun();
  const before = await read(id);
  await moveGeneration({ db, jobs }, id, { to: 'CANCELED' });
  await noteWaiting({ db }, before, 'STORAGE');
  expect(await read(id)).toMatchObject({ status: 'CANCELED', waitingFor: null, waitingSince: null });
});

describe('every move ends the wait', () => {
  it.each([
    ['alone', (id: string) => moveGeneration({ db, jobs }, id, submitting())],
    [
      'with others',
      (id: string) => moveTogether({ db, jobs, turns: createTurns() }, { id, ...place }, submitting()),
    ],
  ])('%s', async (_, move) => {
    const id = await newRun();
    await note(id, 'STORAGE');
    expect(await move(id)).toMatchObject({ waitingFor: null, waitingSince: null });
    expect(await read(id)).toMatchObject({ status: 'SUBMITTING', waitingFor: null, waitingSince: null });
  });
});

it('a run as it stood after a move does not wait, whatever it waits for by now', async () => {
  const id = await newRun();
  await moveGeneration({ db, jobs }, id, { to: 'QUEUED', from: ['QUEUED'] });
  const { progress } = await db.projectEvent.findFirstOrThrow({ where: { generationId: id } });
  await note(id, 'STORAGE');
  expect(readProgress(await read(id), progress)).toMatchObject({ waitingFor: null, waitingSince: null });
});

it.each(Object.keys(waitReasons).filter((each) => each !== 'SLOT' && each !== 'APPROVAL'))(
  'tells %s',
  async (reason) => {
    const id = await newRun();
    const waitingSince = new Date('2026-03-02T00:00:00.123Z');
    await db.generation.update({ where: { id }, data: { waitingFor: reason, waitingSince } });
    expect((await told(id)).waitingFor).toEqual({ reason, since: waitingSince.toISOString() });
  },
);

describe('what follows from the row is told without being written', () => {
  it('a slot, since the run was asked for', async () => {
    const id = await holdRun(db, place, 0n);
    const since = (await read(id)).requestedAt.toISOString();
    expect(await told(id)).toEqual({ status: 'QUEUED', waitingFor: { reason: 'SLOT', since } });
    // Whether it had one at an earlier event is not known later.
    const queued = await read(id);
    expect(waitOf(readProgress(queued, writeProgress(queued)))).toBeNull();
    await moveGeneration({ db, jobs }, id, { to: 'CANCELED' });
    expect(await told(id)).toEqual({ status: 'CANCELED', waitingFor: null });
  });

  it('an approval, also in the events of the run; and then a slot, since it was approved', async () => {
    const id = await holdRun(db, place, 0n);
    await db.generation.update({ where: { id }, data: { status: 'AWAITING_APPROVAL' } });
    const since = (await read(id)).requestedAt.toISOString();
    expect(await told(id)).toEqual({
      status: 'AWAITING_APPROVAL',
      waitingFor: { reason: 'APPROVAL', since },
    });
    const progress = writeProgress(await read(id));
    expect(waitOf(readProgress(await read(id), progress))).toMatchObject({ reason: 'APPROVAL' });

    const approved = await moveGeneration({ db, jobs }, id, { to: 'QUEUED' });
    const { reason, since: next } = (await told(id)).waitingFor;
    expect(reason).toBe('SLOT');
    expect(next).toBe(approved?.waitingSince?.toISOString());
    expect(new Date(next).getTime()).toBeGreaterThan(new Date(since).getTime());
  });

  it('is the same in lists as alone', async () => {
    const { character } = await dramatis.get(
      'query ($id: ID!) { character(id: $id) { generations(first: 50) { nodes { id waitingFor { reason since } } } } }',
      { id: toGlobalId('Character', place.characterId) },
    );
    const { nodes } = character.generations;
    expect(new Set(nodes.map(({ waitingFor }) => waitingFor?.reason)).size).toBeGreaterThan(6);
    for (const { id, waitingFor } of nodes)
      expect((await told(fromGlobalId('Generation', id))).waitingFor).toEqual(waitingFor);
  });
});

it('a try that ends with the same reason does not begin the wait anew', async () => {
  const id = await newRun();
  const waitingSince = new Date('2026-03-02T00:00:00.123Z');
  await noteWaiting({ db }, await read(id), 'PROVIDER_UNAVAILABLE', waitingSince);
  expect(await read(id)).toMatchObject({ waitingFor: 'PROVIDER_UNAVAILABLE', waitingSince });
});

it('a reason of a newer version is none to this one', async () => {
  const id = await newRun();
  await db.generation.update({ where: { id }, data: { waitingFor: 'TOMORROW', waitingSince: new Date() } });
  expect(await told(id)).toEqual({ status: 'QUEUED', waitingFor: null });
});
