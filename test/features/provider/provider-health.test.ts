import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { probeProvider } from '../../../src/features/incidents/watch-provider.ts';
import { createProviderHealth, type ProviderHealth } from '../../../src/features/provider/provider-health.ts';
import {
  claimTry,
  endPauses,
  findPauses,
  pauseProvider,
} from '../../../src/features/provider/provider-pause.ts';
import { createLogger } from '../../../src/logger.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import type { Segmind } from '../../../src/platform/segmind/segmind.ts';
import { SegmindError, type SegmindErrorCode } from '../../../src/platform/segmind/segmind-error.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { delay } from '../../support/delay.ts';
import { type ScriptedProvider, startScriptedProvider } from '../../support/scripted-provider.ts';
import type { ScriptedAnswer } from '../../support/scripted-server.ts';

let database: TestDatabase;
let db: Database;
let provider: ScriptedProvider;
let segmind: Segmind;
let health: ProviderHealth;
let logged: string[] = [];
const log = createLogger('info', { write: (line) => void logged.push(JSON.parse(line).msg) });
beforeAll(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url);
  provider = await startScriptedProvider();
  segmind = provider.client({ pollTimeoutMs: 300 });
});
afterAll(async () => {
  await provider.close();
  await db.$disconnect();
  await database.drop();
});
beforeEach(async () => {
  provider.api.reset();
  await database.query('DELETE FROM provider_pauses');
  logged = [];
  givesWayMs = 0;
  health = createProviderHealth({ db, segmind, log });
});

const error = (code: SegmindErrorCode, httpStatus?: number) =>
  new SegmindError({ code, meaning: 'UNCERTAIN', ...(httpStatus === undefined ? {} : { httpStatus }) });
const badGateway = () => error('BAD_GATEWAY', 502);
/** What both free calls are answered. */
const says = (answer: ScriptedAnswer, times = 1) =>
  provider.api.script(...Array.from({ length: 2 * times }, () => answer));
/** How long a process gives way, of at most this many milliseconds. */
let givesWayMs = 0;
const random = { uuid: randomUUID, below: (limit: number) => Math.min(givesWayMs, limit - 1) };
const ctx = () => ({ db, segmind, health, random });
const pauses = () =>
  database.query('SELECT provider_account AS account, reason, tries FROM provider_pauses ORDER BY reason');
/** The column rounds to milliseconds, which may be up. */
const due = (sinceMs = 1) =>
  database.query("UPDATE provider_pauses SET until = now() - interval '1 millisecond' * $1", [sinceMs]);
const away = () =>
  pauseProvider(ctx(), { account: segmind.environment, reason: 'UNAVAILABLE', durationMs: 1_000 });

describe('a call that failed', () => {
  it.each([
    ['silence', { hang: true } as const],
    ['a cut connection', { cut: 'AFTER_READING' } as const],
    ['500', { status: 500 }],
    ['502', { status: 502 }],
    ['503', { status: 503 }],
    ['504', { status: 504 }],
    ['521', { status: 521, body: 'Web server is down' }],
    ['530', { status: 530 }],
    ['a page', { body: '<html>We will be back soon.</html>' }],
    ['a redirect to a page', { status: 302, headers: { location: '/maintenance' } }],
  ])('pauses all accounts when free calls fail as well: %s', async (_, answer) => {
    says(answer);
    expect(await health.suspect(error('TIMED_OUT'))).toBe(true);
    expect(await pauses()).toEqual([{ account: segmind.environment, reason: 'UNAVAILABLE', tries: 1 }]);
    expect((await findPauses(ctx(), { account: 'any', model: 'any' })).inForce).toMatchObject({
      reason: 'UNAVAILABLE',
    });
  });

  it.each([
    ['200', { body: { credits: 5 } }],
    ['401', { status: 401 }],
    ['404', { status: 404 }],
    ['429', { status: 429 }],
  ])('pauses nothing when the provider answers: %s', async (_, answer) => {
    says(answer);
    expect(await health.suspect(badGateway())).toBe(false);
    expect(await pauses()).toEqual([]);
  });

  it.each(['NO_CREDITS', 'RATE_LIMITED', 'ANSWER_INVALID', 'ABORTED'] as const)(
    'asks nothing where it says nothing about the provider: %s',
    async (code) => {
      expect(await health.suspect(error(code))).toBe(false);
      expect(provider.api.requests).toEqual([]);
    },
  );

  it('is asked about once by a hundred that fail together', async () => {
    says({ status: 503 });
    const found = await Promise.all(
      Array.from({ length: 100 }, () => health.suspect(error('NOT_CONNECTED'))),
    );
    expect(new Set(found)).toEqual(new Set([true]));
    expect(provider.api.requests.map(({ path }) => path).sort()).toEqual([
      '/v1/get-user-credits',
      `/v2/requests/${'0'.repeat(32)}/status`,
    ]);
  });

  it.each([
    ['500', { status: 500 }],
    ['a page', { body: '<html>' }],
    ['silence', { hang: true } as const],
  ])('pauses nothing when only the balance cannot be asked for: %s', async (_, answer) => {
    // The calls come on connections of their own, in any order: one of them is answered.
    provider.api.script(answer, { status: 404, body: { error: 'Request not found' } });
    expect(await health.suspect(badGateway())).toBe(false);
    expect(await pauses()).toEqual([]);
  });

  it('pauses nothing when a run was taken meanwhile', async () => {
    says({ status: 500, delayMs: 100 });
    const asked = health.suspect(badGateway());
    health.took();
    expect(await asked).toBe(false);
    expect(await pauses()).toEqual([]);
  });

  it('holds others up as long as it is not known', async () => {
    says({ status: 503, delayMs: 100 });
    expect(await health.isGone()).toBe(false);
    const asked = health.suspect(badGateway());
    expect(await health.isGone()).toBe(true);
    expect(await asked).toBe(true);
    expect(await health.isGone()).toBe(true);
  });
});

describe('one submit that breaks off', () => {
  const codes = [
    ['SERVER_ERROR', 500],
    ['UNEXPECTED_STATUS', 521],
    ['UNEXPECTED_STATUS', 418],
    ['ANSWER_INVALID', 200],
    ['ANSWER_UNREADABLE', 200],
    ['REDIRECTED', 302],
    ['CONNECTION_LOST', undefined],
    ['TIMED_OUT', undefined],
  ] as const;

  it.each(codes)('pauses all when free calls fail as well: %s %s', async (code, status) => {
    says({ status: 521 });
    await health.brokeOff(error(code, status));
    expect(await pauses()).toMatchObject([{ reason: 'UNAVAILABLE' }]);
  });

  it.each(codes)('pauses nothing when the provider answers: %s %s', async (code, status) => {
    says({ body: {} });
    await health.brokeOff(error(code, status));
    expect(await pauses()).toEqual([]);
  });

  it('says nothing about the provider when this process ended it', async () => {
    for (let count = 0; count < 10; count += 1) await health.brokeOff(error('ABORTED'));
    expect(provider.api.requests).toEqual([]);
    expect(await pauses()).toEqual([]);
  });
});

describe('submits that break off although the provider answers', () => {
  it('pause all once there are ten in a row, and then one run is tried', async () => {
    says({ body: {} }, 20);
    for (let count = 0; count < 9; count += 1) await health.brokeOff(error('SERVER_ERROR', 500));
    expect(await pauses()).toEqual([]);
    await health.brokeOff(badGateway());
    expect(await pauses()).toMatchObject([{ reason: 'SUBMITS_FAIL' }]);
    const run = { account: 'any', model: 'any' };
    expect((await findPauses(ctx(), run)).inForce).toMatchObject({ reason: 'SUBMITS_FAIL' });

    await due();
    expect((await findPauses(ctx(), run)).inForce).toBeNull();
    const claims = await Promise.all([1, 2, 3].map(() => claimTry(ctx(), run, 60_000)));
    expect(claims.filter((each) => each === null)).toHaveLength(1);
    expect(claims.find((each) => each !== null)).toMatchObject({
      reason: 'SUBMITS_FAIL',
      remainingMs: 10_000,
    });
    await endPauses(ctx(), run);
    expect(await pauses()).toEqual([]);
  });

  it('count anew when a run was taken in between', async () => {
    says({ body: {} }, 20);
    for (let count = 0; count < 9; count += 1) await health.brokeOff(error('TIMED_OUT'));
    health.took();
    await health.brokeOff(error('TIMED_OUT'));
    expect(await pauses()).toEqual([]);
  });
});

describe('a provider that does not answer', () => {
  it('is asked by one process at a time, ever more rarely, and ends the pause when it answers', async () => {
    await away();
    // Not yet.
    expect(await probeProvider(ctx())).toBe(false);
    for (let tries = 2; tries < 8; tries += 1) {
      await due();
      says({ status: 503 });
      const asked = await Promise.all([1, 2, 3].map(() => probeProvider(ctx())));
      expect(asked.filter(Boolean)).toHaveLength(1);
      const [row] = await database.query(
        'SELECT tries, extract(epoch FROM until - now())::float8 AS seconds FROM provider_pauses',
      );
      expect(row?.tries).toBe(tries);
      // When it is back, runs go on within seconds.
      expect(Number(row?.seconds)).toBeLessThan(4.1);
    }
    await due();
    says({ status: 401 });
    expect(await probeProvider(ctx())).toBe(true);
    expect(await pauses()).toEqual([]);
    expect(await probeProvider(ctx())).toBe(false);
  });

  it('is waited for although the next probe is due', async () => {
    await away();
    await due();
    expect((await findPauses(ctx(), { account: 'any' })).inForce).toMatchObject({ reason: 'UNAVAILABLE' });
  });
});

describe('a process whose own network is broken', () => {
  /** Of the same provider, and cannot connect to it. */
  function brokenProcess() {
    const { environment } = segmind;
    const broken = {
      db,
      log,
      random,
      segmind: provider.client({ baseUrl: 'http://127.0.0.1:1', environment }),
    };
    return { ...broken, health: createProviderHealth(broken) };
  }
  const cannot = 'this process cannot reach the provider, and others can: it submits nothing';
  const reaches = 'this process reaches the provider again';
  /** What was found out is not asked for again within this time. */
  const untilStale = () => delay(1_100);

  it('pauses all once; when another process has ended that, only itself', async () => {
    const broken = brokenProcess();
    expect(await broken.health.suspect(error('NOT_CONNECTED'))).toBe(true);
    expect(await pauses()).toMatchObject([{ reason: 'UNAVAILABLE' }]);
    await due();
    says({ status: 401 });
    expect(await probeProvider(ctx())).toBe(true);
    expect(await pauses()).toEqual([]);
    await untilStale();
    // It submits nothing before it has asked, and finds out that others are answered.
    expect([await broken.health.isGone(), broken.health.isCutOff()]).toEqual([true, true]);
    for (let times = 0; times < 2; times += 1) {
      await untilStale();
      expect(await broken.health.suspect(error('NOT_CONNECTED'))).toBe(true);
      expect(await broken.health.isGone()).toBe(true);
      expect(await pauses()).toEqual([]);
    }
    expect([await health.isGone(), health.isCutOff()]).toEqual([false, false]);
    expect(logged).toEqual([cannot]);
  }, 20_000);

  it('finds that out also when it has nothing to submit, and does not probe for the others', async () => {
    const broken = brokenProcess();
    await broken.health.suspect(error('NOT_CONNECTED'));
    await untilStale();
    // As long as the provider was not found to answer, all wait for it.
    await broken.health.recheck();
    expect(broken.health.isCutOff()).toBe(false);
    await due();
    says({ status: 401 });
    await probeProvider(ctx());
    await broken.health.recheck();
    expect(broken.health.isCutOff()).toBe(true);

    await pauseProvider(ctx(), { account: segmind.environment, reason: 'UNAVAILABLE', durationMs: 1 });
    await due();
    expect(await probeProvider(broken)).toBe(false);
    says({ status: 401 });
    expect(await probeProvider(ctx())).toBe(true);
  });

  it('leaves the next probe to another process, and sends it when no other one does', async () => {
    const broken = brokenProcess();
    await away();
    await due();
    expect(await probeProvider(broken)).toBe(true);
    await due();
    givesWayMs = 500;
    expect(await probeProvider(broken)).toBe(false);
    await due(600);
    expect(await probeProvider(broken)).toBe(true);
    await due();
    says({ status: 401 });
    expect(await probeProvider(ctx())).toBe(true);
    expect(await pauses()).toEqual([]);
  });

  it('goes on when it is answered, says so once, and pauses all in the next outage', async () => {
    says({ status: 503 });
    await health.suspect(badGateway());
    await database.query('DELETE FROM provider_pauses');
    await untilStale();
    says({ status: 503 });
    await health.recheck();
    expect(health.isCutOff()).toBe(true);
    await untilStale();
    says({ status: 401 });
    await health.recheck();
    expect([health.isCutOff(), await health.isGone()]).toEqual([false, false]);
    expect(logged).toEqual([cannot, reaches]);
    await untilStale();
    says({ status: 503 });
    await health.suspect(badGateway());
    expect(await pauses()).toMatchObject([{ reason: 'UNAVAILABLE' }]);
  }, 20_000);

  it('a process alone, whose probe is answered, is never cut off', async () => {
    for (let times = 0; times < 3; times += 1) {
      says({ status: 503 });
      await health.suspect(badGateway());
      expect(await pauses()).toMatchObject([{ reason: 'UNAVAILABLE' }]);
      await due();
      says({ status: 401 });
      expect(await probeProvider(ctx())).toBe(true);
      await untilStale();
    }
    expect([health.isCutOff(), logged]).toEqual([false, []]);
  }, 20_000);
});

describe('a limit', () => {
  const limit = (durationMs: number | null) =>
    pauseProvider(ctx(), { account: 'a', reason: 'RATE_LIMITED', durationMs });

  it('is one refusal for all that were under way together', async () => {
    // With connections that are made already they come within the second that the first pause lasts.
    await Promise.all(Array.from({ length: 20 }, () => db.$queryRaw`SELECT true`));
    const told = await Promise.all(Array.from({ length: 20 }, () => limit(null)));
    for (const { remainingMs } of told) expect(remainingMs).toBeLessThan(1_100);
    expect(await pauses()).toMatchObject([{ tries: 1 }]);
  });

  it('doubles with each refusal after the pause, up to four seconds', async () => {
    const seconds: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      seconds.push(Math.round((await limit(null)).remainingMs / 1_000));
      await due();
    }
    expect(seconds).toEqual([1, 2, 4, 4, 4]);
  });

  it.each([
    ['NO_CREDITS', 60_000, 'RATE_LIMITED', 1_000, 'NO_CREDITS', 60],
    ['RATE_LIMITED', 600_000, 'NO_CREDITS', 60_000, 'NO_CREDITS', 600],
    ['UNAUTHORIZED', 60_000, 'RATE_LIMITED', 120_000, 'UNAUTHORIZED', 120],
    ['UNAVAILABLE', 1_000, 'SUBMITS_FAIL', 500, 'UNAVAILABLE', 1],
    ['SUBMITS_FAIL', 10_000, 'UNAVAILABLE', 1_000, 'UNAVAILABLE', 10],
  ] as const)(
    '%s of %d ms, then %s of %d ms, is %s for %d s',
    async (one, oneMs, other, otherMs, left, seconds) => {
      await pauseProvider(ctx(), { account: 'a', reason: one, durationMs: oneMs });
      const pause = await pauseProvider(ctx(), { account: 'a', reason: other, durationMs: otherMs });
      expect([pause.reason, Math.round(pause.remainingMs / 1_000)]).toEqual([left, seconds]);
    },
  );

  it('of another kind is in force once the graver one is over', async () => {
    await pauseProvider(ctx(), { account: 'a', reason: 'NO_CREDITS', durationMs: 60_000 });
    await due();
    expect(await limit(5_000)).toMatchObject({ reason: 'RATE_LIMITED' });
  });

  it('is no shorter than the provider said, and is not ended by a run that was sent before', async () => {
    await limit(30_000);
    expect((await limit(1_000)).remainingMs).toBeGreaterThan(25_000);
    await endPauses(ctx(), { account: 'a' });
    expect((await findPauses(ctx(), { account: 'a' })).inForce).toMatchObject({ reason: 'RATE_LIMITED' });
    await due();
    await endPauses(ctx(), { account: 'a' });
    expect(await pauses()).toEqual([]);
  });
});
