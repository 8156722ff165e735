import { afterEach, expect, it } from '@jest/globals';
import Fastify from 'fastify';
import { type Check, registerHealthRoute } from '../../src/server/health-route.ts';
import { delay } from '../support/delay.ts';
import { eventually } from '../support/eventually.ts';

const apps: ReturnType<typeof Fastify>[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

async function ask(path: string, ...readiness: Check[]) {
  const app = Fastify();
  apps.push(app);
  registerHealthRoute(app, { readiness });
  const { statusCode, body } = await app.inject(path);
  return { status: statusCode, body: JSON.parse(body) as unknown };
}
const fine: Check = { name: 'database', findProblem: async () => null };

it('is ready when every check finds nothing', async () => {
  const jobs: Check = { name: 'jobs', findProblem: async () => null };
  expect(await ask('/readyz', fine, jobs)).toEqual({
    status: 200,
    body: { status: 'ok', database: 'ok', jobs: 'ok' },
  });
});

it('says which check has failed, and tells nothing of what it threw', async () => {
  const jobs: Check = { name: 'jobs', findProblem: async () => 'none were fetched for 12 s' };
  const broken: Check = {
    name: 'pictures',
    findProblem: async () => Promise.reject(new Error('password=hush')),
  };
  expect(await ask('/readyz', fine, jobs, broken)).toEqual({
    status: 503,
    body: {
      status: 'unavailable',
      database: 'ok',
      jobs: 'none were fetched for 12 s',
      pictures: 'does not answer',
    },
  });
});

it('answers within five seconds although a check does not, and the process lives all the same', async () => {
  const startedAt = performance.now();
  const silent: Check = { name: 'database', findProblem: () => new Promise(() => undefined) };
  expect(await ask('/readyz', silent)).toMatchObject({ status: 503, body: { database: 'does not answer' } });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(await ask('/livez', silent)).toEqual({ status: 200, body: { status: 'ok' } });
});

it('looks once at a time and in a second, however many ask', async () => {
  let looks = 0;
  const app = Fastify();
  apps.push(app);
  const counted: Check = {
    name: 'database',
    findProblem: async () => {
      looks += 1;
      await delay(50);
      return null;
    },
  };
  registerHealthRoute(app, { readiness: [counted] });
  await Promise.all(Array.from({ length: 20 }, () => app.inject('/readyz')));
  expect(looks).toBe(1);
  await app.inject('/readyz');
  expect(looks).toBe(1);
  await eventually('a fresh look', async () => {
    await app.inject('/readyz');
    return looks === 2;
  });
});
