import { expect, it } from '@jest/globals';
import { isApiKey } from '../../../src/platform/auth/authenticate.ts';
import { apiKeyPrefix } from '../../../src/platform/auth/secret.ts';

it.each([
  [8_192, true],
  [8_193, false],
])('a credential of %d characters is read: %s', (length, isRead) => {
  expect(isApiKey(`Bearer ${apiKeyPrefix.padEnd(length, 'x')}`)).toBe(isRead);
});
