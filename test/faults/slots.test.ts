import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sendWakeups, wakeups } from '../../src/features/generations/queue/wakeup.ts';
import { createLogger } from '../../src/logger.ts';
import { connectDatabase } from '../../src/platform/db/connect.ts';
import { startJobQueue } from '../../src/platform/jobs/job-queue.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { companyOf, inFlight, jobsOf } from '../support/in-flight.ts';
import { startServerProcess } from '../support/server-process.ts';

let dramatis: Dramatis;
afterEach(() => dramatis.stop());

const limitTo = async (projectId: string, maxConcurrentGenerations: number) => {
  const { updateProjectLimits } = await dramatis.get(
    'mutation ($input: UpdateProjectLimitsInput!) { updateProjectLimits(input: $input) { userErrors { code } } }',
    { input: { id: projectId, maxConcurrentGenerations } },
  );
  expect(updateProjectLimits.userErrors).toEqual([]);
};
const jobs = () => jobsOf(dramatis.simulator, 'slots');
const atRest = (count: number) =>
  eventually(
    'all runs to end',
    async () => {
      const [row] = await dramatis.database.query(
        "SELECT count(*)::int AS count FROM generations WHERE status = 'COMPLETED'",
      );
      return row?.count === count;
    },
    60_000,
  );

describe('three servers share the slots of a project', () => {
  let projectId: string;
  let characterId: string;
  beforeEach(async () => {
    dramatis = await Dramatis.start();
    await Promise.all([dramatis.startServer(), startServerProcess(dramatis)]);
    ({ projectId, characterId } = await dramatis.cast());
  });
  /** As a process of the version before would wake them: slots or not. */
  const wakeAll = async () => {
    const db = connectDatabase(dramatis.database.url, { maxConnections: 1 });
    const queue = await startJobQueue(dramatis.database.url, [wakeups], createLogger('silent'));
    for (const { id: generationId, wakeupId: id } of await db.generation.findMany())
      await sendWakeups({ jobs: queue }, db, { id, generationId });
    await queue.stop(0);
    await db.$disconnect();
  };
  const ask = (count: number, marker = '') =>
    Promise.all(
      Array.from({ length: count }, (_, index) => dramatis.generate(characterId, `slots ${index}${marker}`)),
    );

  it('never more than three with the provider, and never fewer while others wait', async () => {
    await limitTo(projectId, 3);
    await ask(60);
    await eventually(
      'all runs to end',
      async () => {
        const [row] = await dramatis.database.query(
          `SELECT active_generations AS active, max_concurrent_generations + excess_generations AS most,
             (SELECT count(*)::int FROM generations WHERE holds_slot) AS holders,
             (SELECT count(*)::int FROM generations WHERE status = 'QUEUED' AND NOT holds_slot) AS waiting,
             (SELECT count(*)::int FROM generations WHERE status = 'COMPLETED') AS completed FROM projects`,
        );
        const { active, most, holders, waiting, completed } = row ?? {};
        expect(active).toBe(holders);
        expect(Number(active)).toBeLessThanOrEqual(Number(most));
        // A slot is given on in the transaction that gives it back.
        if (Number(waiting) > 0) expect(active).toBe(3);
        return completed === 60;
      },
      100_000,
    );
    expect(jobs()).toHaveLength(60);
    const company = jobs().map((job) => companyOf(job, jobs()));
    expect(Math.max(...company)).toBe(3);
  }, 120_000);

  it('a limit that is lowered stops no run: nothing new begins until it fits, then one at a time', async () => {
    await limitTo(projectId, 3);
    await ask(6, '[[simulate:slow=6]]');
    await eventually('three to be with the provider', () => inFlight(dramatis.simulator, 'slots') === 3);
    await limitTo(projectId, 1);
    const loweredAt = Date.now();
    const [row] = await dramatis.database.query(
      'SELECT active_generations AS active, excess_generations AS excess FROM projects',
    );
    expect(row).toEqual({ active: 3, excess: 2 });
    await atRest(6);
    const later = jobs().filter(({ acceptedAt }) => acceptedAt > loweredAt);
    expect(later).toHaveLength(3);
    expect(later.map((job) => companyOf(job, jobs()))).toEqual([1, 1, 1]);
  });

  it('a limit of 0 stops what is not under way; raised, it lets so many begin', async () => {
    await limitTo(projectId, 0);
    await ask(4, '[[simulate:slow=6]]');
    await wakeAll();
    await eventually('each to be woken, and left alone', async () => {
      const woken = await dramatis.database.query(
        "SELECT 1 FROM generations g JOIN pgboss.job j ON j.id = g.wakeup_id WHERE j.state = 'completed'",
      );
      return woken.length === 4;
    });
    expect(jobs()).toHaveLength(0);
    await limitTo(projectId, 2);
    await eventually('two to be with the provider', () => inFlight(dramatis.simulator, 'slots') === 2);
    await atRest(4);
    expect(Math.max(...jobs().map((job) => companyOf(job, jobs())))).toBe(2);
  });
});

it('ten thousand waiting runs of one project do not hold up the first run of another', async () => {
  dramatis = await Dramatis.start({ environment: { WORKER_CONCURRENCY: '10' } });
  const many = await dramatis.cast();
  await limitTo(many.projectId, 1_000);
  await dramatis.settle(await dramatis.generate(many.characterId, 'slots'));
  await dramatis.database.query(
    `INSERT INTO generations (id, project_id, character_id, request_hash, model, model_version, prompt, parameters,
       "references", seed, price_micros, wakeup_id)
     SELECT gen_random_uuid(), project_id, character_id, request_hash, model, model_version, prompt,
       jsonb_set(parameters, '{prompt}', '"slots [[simulate:slow=30]]"'), "references", number, price_micros, gen_random_uuid() FROM generations, generate_series(1, 10000) number`,
  );
  // Nine seconds each: a run that waits for one of them to end waits too long.
  await eventually('the many to keep every worker busy', () => inFlight(dramatis.simulator, 'slots') >= 8);
  const ahead: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const { characterId } = await dramatis.cast();
    const askedAt = Date.now();
    await dramatis.generate(characterId, `newcomer ${round}`);
    const newcomer = await eventually(
      'the newcomer to be submitted',
      () => jobsOf(dramatis.simulator, `newcomer ${round}`)[0],
    );
    ahead.push(
      jobs().filter(({ acceptedAt }) => acceptedAt > askedAt && acceptedAt < newcomer.acceptedAt).length,
    );
  }
  const [row] = await dramatis.database.query(
    "SELECT count(*)::int AS waiting FROM generations WHERE status = 'QUEUED'",
  );
  expect(Number(row?.waiting)).toBeGreaterThan(9_000);
  // At most those that had their places already.
  expect(Math.max(...ahead)).toBeLessThanOrEqual(10);
  await limitTo(many.projectId, 0);
});

it('nor do many small projects hold up the runs of a large one', async () => {
  const environment = { WORKER_CONCURRENCY: '4', COST_PER_SECOND: '1000000', COST_BURST: '100000000' };
  dramatis = await Dramatis.start({ environment });
  const large = await dramatis.cast();
  const small = await Promise.all(Array.from({ length: 5 }, () => dramatis.cast()));
  let isOver = false;
  // Two at a time each: there is always a project with hardly any slot in use.
  const loops = [...small, ...small].map(async ({ characterId }) => {
    while (!isOver) await dramatis.settle(await dramatis.generate(characterId, 'small [[simulate:slow=3]]'));
  });
  await eventually('the small ones to be busy', () => inFlight(dramatis.simulator, 'small') >= 3);
  await Promise.all(
    Array.from({ length: 8 }, () => dramatis.generate(large.characterId, 'large [[simulate:slow=3]]')),
  );
  await eventually(
    'the large one to be served',
    () => jobsOf(dramatis.simulator, 'large').length === 8,
    40_000,
  );
  isOver = true;
  await Promise.all(loops);
});
