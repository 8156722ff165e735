import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../src/config.ts';

describe('the configuration', () => {
  it('tells every problem at once', () => {
    const read = () =>
      readConfig({ PORT: '99999', ROLE: 'boss', DATABASE_URL: 'mysql://x', SEGMIND_POLL_MIN_MS: 'soon' });
    expect(read).toThrow(/4 problem\(s\)/);
    for (const name of ['PORT', 'ROLE', 'DATABASE_URL', 'SEGMIND_POLL_MIN_MS'])
      expect(read).toThrow(new RegExp(`\\n  ${name} must`));
  });

  it.each([
    ['ADMIN_API_KEY', 'a key of many words'],
    ['ADMIN_API_KEY', 'sixteen_letters_and\n'],
    ['ADMIN_API_KEY', 'schlüssel_mit_umlaut'],
    ['SEGMIND_API_KEY', 'SG_0123456789\n'],
    ['AUTH_ISSUER', 'https://id.example.test\n'],
    ['AUTH_AUDIENCE', 'dramatis\ufffd'],
  ])('refuses %s where it could never be sent or told: %j', (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(`1 problem(s):\n  ${name} must`);
  });

  it('needs nothing set, and takes an empty variable as unset', () => {
    expect(readConfig({ PORT: '' })).toMatchObject({
      PORT: 4000,
      ROLE: 'all',
      SEGMIND_BASE_URL: 'https://api.segmind.com',
    });
  });

  it.each([
    [
      { MAX_BODY_BYTES: '40_000_000' },
      'MAX_BYTES_IN_FLIGHT_PER_VIEWER must be at least twice MAX_BODY_BYTES',
    ],
    [
      { MAX_IMAGE_BYTES: '40_000_000' },
      'MAX_BYTES_IN_FLIGHT_PER_VIEWER must be at least twice MAX_IMAGE_BYTES',
    ],
    [
      { MAX_BYTES_IN_FLIGHT: '67108864' },
      'MAX_BYTES_IN_FLIGHT must be at least twice MAX_BYTES_IN_FLIGHT_PER_VIEWER',
    ],
  ])('refuses shares in which no largest body, or no second viewer, has room: %j', (set, problem) => {
    expect(() => readConfig(set)).toThrow(`1 problem(s):\n  ${problem}`);
  });

  it('is all in .env.example, and nothing else is', () => {
    const example = [...readFileSync('.env.example', 'utf8').matchAll(/^#? ?([A-Z][A-Z_]+)=/gm)].map(
      ([, name]) => name,
    );
    const source = [...readFileSync('src/config.ts', 'utf8').matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(
      ([, name]) => name,
    );
    expect(example.toSorted()).toEqual(source.toSorted());
  });
});
