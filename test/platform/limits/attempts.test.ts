import { expect, it } from '@jest/globals';
import { RateLimited, Unauthenticated } from '../../../src/errors.ts';
import { createAttempts } from '../../../src/platform/limits/attempts.ts';

const refuse = () => Promise.reject(new Unauthenticated());

it.each([
  ['new words each time', (round: number) => `unknown-${round}`],
  ['an address and a port', (round: number) => `203.0.113.7:${4_000 + round}`],
  ['control characters', (round: number) => `203.0.113.7${'\0'.repeat(round)}\0`],
])('whoever comes from no address is counted once for all: %s', async (_, address) => {
  const attempts = createAttempts(3);
  for (let round = 0; round < 3; round += 1)
    await expect(attempts.guard(address(round), `wrong ${round}`, refuse)).rejects.toThrow(Unauthenticated);
  await expect(attempts.guard(address(3), 'wrong', refuse)).rejects.toThrow(RateLimited);
  // Others are not held up, by whatever notation of an address.
  for (const other of ['203.0.113.7', '2001:db8::7'])
    await expect(attempts.guard(other, 'wrong', refuse)).rejects.toThrow(Unauthenticated);
});
