import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { createLogger } from '../src/logger.ts';
import { tryAccount } from '../src/try-account.ts';
import { Dramatis, eventually } from './support/dramatis.ts';
import { providerKey, type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts';

let provider: ScriptedProvider;
beforeAll(async () => {
  provider = await startScriptedProvider();
});
afterEach(() => provider.api.reset());
afterAll(() => provider.close());

async function linesOf(segmind = provider.client(), signal = new AbortController().signal) {
  const lines: string[] = [];
  await tryAccount(
    { segmind, log: createLogger('trace', { write: (line) => void lines.push(line) }) },
    signal,
  );
  expect(lines.join()).not.toContain(providerKey);
  return lines.map((line) => JSON.parse(line) as { level: string; msg: string });
}

it.each([
  [{ body: { credits: 12.3, 'free-credits': 0 } }, 'info', 'works at ADDRESS: the account has $12.30'],
  [
    { body: { credits: 0, 'free-credits': 0.5 } },
    'info',
    'works at ADDRESS: the account has $0.00 and $0.50 of free credits',
  ],
  [
    { status: 404, body: { error: 'No credits found for the user' } },
    'info',
    'works at ADDRESS: the account has no balance on record',
  ],
  [{ status: 401, body: { error: `Unknown ${providerKey}` } }, 'error', 'is refused by ADDRESS: runs wait'],
  [{ status: 403, body: 'Forbidden' }, 'error', 'is refused by ADDRESS: runs wait'],
  [{ cut: 'AFTER_READING' as const }, 'warn', 'could not be tried: ADDRESS is unavailable (CONNECTION_LOST)'],
  [{ status: 500, body: providerKey }, 'warn', 'could not be tried: ADDRESS is unavailable (SERVER_ERROR)'],
  [
    { status: 502, body: '<html>Bad Gateway' },
    'warn',
    'could not be tried: ADDRESS is unavailable (BAD_GATEWAY)',
  ],
  [{ status: 503, body: {} }, 'warn', 'could not be tried: ADDRESS is unavailable (UNAVAILABLE)'],
  [{ status: 504, body: '' }, 'warn', 'could not be tried: ADDRESS is unavailable (GATEWAY_TIMEOUT)'],
  [{ body: '<html>' }, 'warn', 'could not be tried: ADDRESS is unavailable (ANSWER_UNREADABLE)'],
  [{ status: 302 }, 'warn', 'could not be tried: ADDRESS is unavailable (REDIRECTED)'],
  [{ status: 429, body: {} }, 'warn', 'could not be tried: ADDRESS gave no usable answer (RATE_LIMITED)'],
])('the answer %j is said in one line', async (answer, level, message) => {
  provider.api.script(answer);
  const lines = await linesOf();
  expect(lines).toHaveLength(1);
  expect(lines[0]?.level).toBe(level);
  expect(lines[0]?.msg).toContain(`SEGMIND_API_KEY ${message.replace('ADDRESS', provider.api.url)}`);
  expect(provider.api.requests.map(({ path }) => path)).toEqual(['/v1/get-user-credits']);
});

it('so is a provider that is not there, and one that does not answer', async () => {
  const away = await linesOf(provider.client({ baseUrl: 'http://127.0.0.1:1' }));
  expect(away[0]?.msg).toMatch(
    /could not be tried: http:\/\/127\.0\.0\.1:1 is unavailable \(NOT_CONNECTED\)/,
  );
  provider.api.script({ hang: true });
  const silent = await linesOf(provider.client({ pollTimeoutMs: 100 }));
  expect(silent[0]?.msg).toMatch(/is unavailable \(TIMED_OUT\)/);
});

it('a stop meanwhile is no news of the key', async () => {
  provider.api.script({ hang: true });
  expect(await linesOf(provider.client({ pollTimeoutMs: 100 }), AbortSignal.abort())).toEqual([]);
});

it('a server starts, serves and stops at once while the provider does not answer', async () => {
  const dramatis = await Dramatis.start({ servers: 0 });
  let isAsked = false;
  dramatis.simulator.onRequest = async ({ path }) => {
    if (!path.endsWith('get-user-credits')) return;
    isAsked = true;
    await new Promise(() => undefined);
  };
  try {
    const server = await dramatis.startServer();
    await eventually('the provider is asked', () => isAsked);
    expect((await fetch(`${server.url}/livez`)).status).toBe(200);
    const stoppedAt = performance.now();
    await server.stop();
    expect(performance.now() - stoppedAt).toBeLessThan(10_000);
    expect(dramatis.secrets.logged.join()).not.toContain('SEGMIND_API_KEY');
  } finally {
    await dramatis.stop();
  }
});

it('a server on the simulator of its own has no key to try; one with a key tells its balance', async () => {
  const dramatis = await Dramatis.start({ simulator: { balanceMicros: 7_250_000n } });
  try {
    const told = () => dramatis.secrets.logged.filter((line) => line.includes('SEGMIND_API_KEY'));
    await eventually('the balance is told', () => told().length > 0);
    expect(told()).toHaveLength(1);
    expect(told()[0]).toContain(`works at ${dramatis.simulator.url}: the account has $7.25`);
  } finally {
    await dramatis.stop();
  }
  const simulated = await Dramatis.start({ environment: { SEGMIND_API_KEY: '', SEGMIND_BASE_URL: '' } });
  try {
    const { url } = simulated;
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect(simulated.secrets.logged.filter((line) => line.includes('SEGMIND_API_KEY'))).toEqual([]);
  } finally {
    await simulated.stop();
  }
});
