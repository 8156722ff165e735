import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

/** Programs of the tests, which say with a timer when something of theirs begins or has taken too long. */
const allowed = ['mutants/hunt.ts', 'storm/main.ts', 'storm/servers.ts'];

it('no test sleeps: it waits for a condition, or names the timing that it makes', () => {
  const sleeping = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('support/'))
    .filter((file) => /(?<![.\w])(?:sleep|setTimeout)\(/.test(readFileSync(join('test', file), 'utf8')));
  expect(sleeping.sort()).toEqual(allowed);
});
