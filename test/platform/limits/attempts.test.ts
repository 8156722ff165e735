import { describe, expect, it } from '@jest/globals';
import { RateLimited, Unauthenticated, Unavailable } from '../../../src/errors.ts';
import { isApiKey } from '../../../src/platform/auth/authenticate.ts';
import { createAttempts } from '../../../src/platform/limits/attempts.ts';

const refuse = () => Promise.reject(new Unauthenticated());
const office = '203.0.113.7';

/** Something to try credentials at, which decides when it is told to. */
function lookup() {
  const pending: { credential: string; decide: (outcome: string | Error) => void }[] = [];
  let tried = 0;
  return {
    tried: () => tried,
    /** Makes one that resolves to what was decided. */
    find: (credential: string) => () => {
      tried += 1;
      return new Promise<string>((resolve, reject) =>
        pending.push({
          credential,
          decide: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)),
        }),
      );
    },
    /** Decides all that are being looked up, and those that are let on by it. */
    async decide(outcome: (credential: string) => string | Error) {
      for (let quiet = 0; quiet < 3; quiet += 1) {
        for (const each of pending.splice(0)) {
          each.decide(outcome(each.credential));
          quiet = 0;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

it.each([
  ['new words each time', (round: number) => `unknown-${round}`],
  ['an address and a port', (round: number) => `203.0.113.7:${4_000 + round}`],
  ['control characters', (round: number) => `203.0.113.7${'\0'.repeat(round)}\0`],
  ['numbers', (round: number) => String(round)],
])('clients that come from no address are counted once for all: %s', async (_, address) => {
  const attempts = createAttempts(3);
  for (let round = 0; round < 3; round += 1)
    await expect(attempts.guard(address(round), `wrong ${round}`, refuse)).rejects.toThrow(Unauthenticated);
  await expect(attempts.guard(address(3), 'wrong', refuse)).rejects.toThrow(RateLimited);
  // Others are not held up, by whatever notation of an address.
  for (const other of ['203.0.113.7', '2001:db8::7'])
    await expect(attempts.guard(other, 'wrong', refuse)).rejects.toThrow(Unauthenticated);
});

it.each([
  ['an address and its mapped notation', ['203.0.113.7', '::ffff:203.0.113.7', '::ffff:cb00:7107']],
  ['the addresses of one IPv6 network', ['2001:db8:1:2::1', '2001:db8:1:2::2', '2001:db8:1:2:ffff::3']],
])('%s share one count', async (_, [first = '', second = '', third = '']) => {
  const attempts = createAttempts(2);
  for (const address of [first, second])
    await expect(attempts.guard(address, `wrong ${address}`, refuse)).rejects.toThrow(Unauthenticated);
  await expect(attempts.guard(third, 'wrong', refuse)).rejects.toThrow(RateLimited);
  await expect(attempts.guard('2001:db8:1:3::1', 'wrong', refuse)).rejects.toThrow(Unauthenticated);
});

describe('many at once from one address', () => {
  it('no more than the limit are looked up when all are wrong', async () => {
    const attempts = createAttempts(60);
    const keys = lookup();
    const asked = Array.from({ length: 600 }, (_, index) =>
      attempts.guard(office, `wrong ${index}`, keys.find(`wrong ${index}`)).catch((error) => error.name),
    );
    await keys.decide(() => new Unauthenticated());
    expect(keys.tried()).toBe(60);
    const outcomes = await Promise.all(asked);
    expect(outcomes.filter((name) => name === 'Unauthenticated')).toHaveLength(60);
    expect(outcomes.filter((name) => name === 'RateLimited')).toHaveLength(540);
  });

  it('all are let in when all are good, although few are looked up at a time', async () => {
    const attempts = createAttempts(60);
    const keys = lookup();
    const asked = Array.from({ length: 600 }, (_, index) =>
      attempts.guard(office, `good ${index}`, keys.find(`good ${index}`)),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(keys.tried()).toBe(60);
    await keys.decide((credential) => credential);
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 600 }, (_, index) => `good ${index}`));
  });

  it('good ones go on behind wrong ones, and one credential is looked up no more often than it must be', async () => {
    const attempts = createAttempts(3);
    const keys = lookup();
    const names = ['wrong', 'good', 'good', 'good', 'good', 'other', 'good', 'wrong too'];
    const asked = names.map((name) =>
      attempts.guard(office, name, keys.find(name)).catch((error) => error.name),
    );
    await keys.decide((credential) => (credential.startsWith('wrong') ? new Unauthenticated() : credential));
    expect(await Promise.all(asked)).toEqual([
      'Unauthenticated',
      'good',
      'good',
      'good',
      'good',
      'other',
      'good',
      'Unauthenticated',
    ]);
  });

  it('in an outage each tries for itself, no more than the limit at a time', async () => {
    const attempts = createAttempts(2);
    let [trying, most] = [0, 0];
    const away = async () => {
      trying += 1;
      most = Math.max(most, trying);
      await new Promise((resolve) => setImmediate(resolve));
      trying -= 1;
      throw new Unavailable('away');
    };
    const names = Array.from({ length: 50 }, (_, index) => `key ${index}`);
    const outcomes = await Promise.all(
      names.map((name) => attempts.guard(office, name, away).catch((error) => error.name)),
    );
    expect(new Set(outcomes)).toEqual(new Set(['Unavailable']));
    expect(most).toBe(2);
    // An outage does not count as a wrong guess.
    await expect(attempts.guard(office, 'key', async () => 'viewer')).resolves.toBe('viewer');
  });

  it('one that cannot be decided is no reason to refuse those that wait', async () => {
    const attempts = createAttempts(2);
    const keys = lookup();
    const names = ['away', 'away too', 'good', 'away as well', 'other'];
    const asked = names.map((name) =>
      attempts.guard(office, name, keys.find(name)).catch((error) => error.name),
    );
    await keys.decide((name) => (name.startsWith('away') ? new Unavailable('away') : name));
    expect(await Promise.all(asked)).toEqual(['Unavailable', 'Unavailable', 'good', 'Unavailable', 'other']);
  });

  it('no caller waits for long where nothing is decided, and the rest is looked up afterwards', async () => {
    const attempts = createAttempts(2, { patience: 50 });
    const keys = lookup();
    const asked = Array.from({ length: 50 }, (_, index) =>
      attempts.guard(office, `key ${index}`, keys.find(`key ${index}`)).catch((error) => error.name),
    );
    expect(await Promise.all(asked.slice(2))).toEqual(Array(48).fill('Unavailable'));
    expect(keys.tried()).toBe(2);
    await keys.decide(() => new Unavailable('away'));
    await Promise.all(asked);
    await expect(attempts.guard(office, 'key', async () => 'viewer')).resolves.toBe('viewer');
  });

  it('API keys do not wait behind tokens, and wrong tokens do not refuse them', async () => {
    const attempts = createAttempts(2, { kindOf: (text) => String(isApiKey(text)) });
    const tokens = lookup();
    const asked = Array.from({ length: 50 }, (_, index) =>
      attempts.guard(office, `Bearer token-${index}`, tokens.find('')).catch((error) => error.name),
    );
    const key = (text: string) => `Bearer dramatis_key_${text}`;
    await expect(attempts.guard(office, key('good'), async () => 'viewer')).resolves.toBe('viewer');
    await tokens.decide(() => new Unauthenticated());
    await Promise.all(asked);
    await expect(attempts.guard(office, 'Bearer token', refuse)).rejects.toThrow(RateLimited);
    for (const wrong of ['one', 'two'])
      await expect(attempts.guard(office, key(wrong), refuse)).rejects.toThrow(Unauthenticated);
    await expect(attempts.guard(office, key('three'), refuse)).rejects.toThrow(RateLimited);
  });
});

it('a credential that was good of late is not held up, through an outage either, until it opens nothing', async () => {
  const attempts = createAttempts(1);
  await attempts.guard(office, 'good', async () => 'viewer');
  await expect(attempts.guard(office, 'wrong', refuse)).rejects.toThrow(Unauthenticated);
  await expect(attempts.guard(office, 'new', async () => 'viewer')).rejects.toThrow(RateLimited);
  await expect(attempts.guard(office, 'good', () => Promise.reject(new Unavailable('away')))).rejects.toThrow(
    Unavailable,
  );
  await expect(attempts.guard(office, 'good', async () => 'viewer')).resolves.toBe('viewer');
  await expect(attempts.guard(office, 'good', refuse)).rejects.toThrow(Unauthenticated);
  await expect(attempts.guard(office, 'good', refuse)).rejects.toThrow(RateLimited);
});

it('nothing sent is no guess', async () => {
  const attempts = createAttempts(1);
  for (let round = 0; round < 3; round += 1)
    await expect(attempts.guard(office, undefined, refuse)).rejects.toThrow(Unauthenticated);
});
