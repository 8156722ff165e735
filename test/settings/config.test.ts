import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { readConfig, settingNames } from '../../src/settings/config.ts';
import { findNearMisses } from '../../src/settings/near-misses.ts';
import { scriptDefaults, scriptVariables } from '../../src/settings/script-variables.ts';

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
      { MAX_BODY_BYTES: '40_000_000', MAX_BYTES_IN_FLIGHT_PER_VIEWER: '67108864' },
      'MAX_BYTES_IN_FLIGHT_PER_VIEWER must be at least twice MAX_BODY_BYTES',
    ],
    [
      { MAX_IMAGE_BYTES: '40_000_000', MAX_BYTES_IN_FLIGHT_PER_VIEWER: '67108864' },
      'MAX_BYTES_IN_FLIGHT_PER_VIEWER must be at least twice MAX_IMAGE_BYTES',
    ],
    [
      { MAX_BYTES_IN_FLIGHT: '67108864' },
      'MAX_BYTES_IN_FLIGHT must be at least twice MAX_BYTES_IN_FLIGHT_PER_VIEWER',
    ],
  ])('refuses shares in which no largest body, or no second viewer, has room: %j', (set, problem) => {
    expect(() => readConfig(set)).toThrow(`1 problem(s):\n  ${problem}`);
  });

  it('gives shares that are not set room for the largest bodies', () => {
    expect(readConfig({ MAX_BODY_BYTES: '200_000_000' })).toMatchObject({
      MAX_BYTES_IN_FLIGHT_PER_VIEWER: 400_000_000,
      MAX_BYTES_IN_FLIGHT: 800_000_000,
    });
  });

  it.each([
    'http://user:pass@x.example',
    'https://x.example/dramatis?a=b',
    'https://x.example/#top',
    'https://x.example/?',
    'x.example',
  ])('refuses PUBLIC_URL where nothing can be put behind it: %s', (value) =>
    expect(() => readConfig({ PUBLIC_URL: value })).toThrow('1 problem(s):\n  PUBLIC_URL must'),
  );

  it.each([
    ['https://Cast.Example:443/', 'https://cast.example'],
    ['https://cast.example/a b/../Ü//', 'https://cast.example/%C3%9C'],
    ['http://[::1]:80', 'http://[::1]'],
  ])('writes PUBLIC_URL as an address is written: %s', (value, written) =>
    expect(readConfig({ PUBLIC_URL: value })).toMatchObject({ PUBLIC_URL: written }),
  );

  it('refuses the admin key that an earlier docker-compose.yml published', () => {
    expect(() => readConfig({ ADMIN_API_KEY: 'change_me_before_use' })).toThrow(/ADMIN_API_KEY must not/);
  });
});

describe('.env.example', () => {
  const text = readFileSync('.env.example', 'utf8');
  const lines = [...text.matchAll(/^(#? ?)([A-Z][A-Z_]+)=(.*)$/gm)];
  const defaults: Readonly<Record<string, unknown>> = readConfig({});

  it('names every setting and every variable of a script once, and nothing else', () => {
    const names = lines.map(([, , name]) => name);
    expect(names.toSorted()).toEqual([...settingNames, ...scriptVariables].toSorted());
  });

  it('changes nothing when it is copied as it is: it tells the defaults', () => {
    expect(readConfig(parseEnv(text))).toEqual(defaults);
    const isDefault = (name: string) => defaults[name] !== undefined && String(defaults[name]) !== '';
    const told = lines.flatMap(([, comment, name = '', value]) => (comment === '' && value ? [name] : []));
    // Each default is listed.
    expect(told.toSorted()).toEqual(settingNames.filter(isDefault).toSorted());
  });

  it('tells the defaults of the scripts as well', () => {
    const told = lines.filter(([, , name = '']) => name in scriptDefaults);
    expect(Object.fromEntries(told.map(([, , name, value]) => [name, value]))).toEqual(scriptDefaults);
  });

  it('has values of the right form where it has examples', () => {
    const open = text
      .replaceAll(/^# ([A-Z][A-Z_]+=.+)$/gm, '$1')
      .replace('2026:…', `2026:${'A'.repeat(43)}=`);
    expect(() => readConfig(parseEnv(open))).not.toThrow();
  });
});

describe('the programs, the manual and docker-compose.yml', () => {
  const read = (path: string) => readFileSync(path, 'utf8');
  const own = [...settingNames, ...scriptVariables];
  const programPaths = ['src/main.ts', 'src/demo/main.ts', 'src/simulator/main.ts', 'src/verify/main.ts'];

  it('read and name no other variables', () => {
    const programs = programPaths.map(read).join('\n');
    expect(programs).not.toMatch(/\} = process\.env|process\.env\[/);
    const variables = [...programs.matchAll(/process\.env\.(\w+)/g)].map(([, name]) => name ?? '');
    expect(variables.length).toBeGreaterThan(8);
    expect(variables.filter((name) => !own.includes(name))).toEqual([]);
    // The last one is read by docker-compose.yml alone.
    const unread = scriptVariables.filter((name) => !variables.includes(name));
    expect(unread).toEqual(['POSTGRES_PASSWORD']);
  });

  it.each([
    'README.md',
    'ARCHITECTURE.md',
    'docs/access.md',
    'docs/client-guide.md',
    'docs/kept.md',
    'docs/money.md',
    'docs/operations.md',
    'docs/reasons.md',
    'docs/upgrade.md',
  ])('%s misspells no variable', (path) => {
    const words = read(path).match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g) ?? [];
    const near = findNearMisses(Object.fromEntries(words.map((word) => [word, 'x'])));
    // A variable of psql.
    expect(near.filter(({ name }) => name !== 'ON_ERROR_STOP')).toEqual([]);
    const assigned = [...read(path).matchAll(/\b([A-Z][A-Z_]+)=/g)].map(([, name]) => name ?? '');
    expect(assigned.filter((name) => !own.includes(name))).toEqual([]);
  });

  /** As the manual writes a number: 2,000 or 64 MiB. */
  const written = (value: unknown) => {
    const number = Number(value);
    const isOfBytes = number >= 1_048_576 && number % 1_048_576 === 0;
    return isOfBytes ? `${number / 1_048_576} MiB` : number.toLocaleString('en-US');
  };
  const defaults: Readonly<Record<string, unknown>> = readConfig({});

  it('the table of limits in docs/operations.md has the defaults', () => {
    const [, table = ''] =
      /\*\*Limits on what clients send\.[^|]+\n((?:\|.*\n)+)/.exec(read('docs/operations.md')) ?? [];
    const [, , ...rows] = table.trimEnd().split('\n');
    const limits = rows.flatMap((row) => {
      const [names = '', values = ''] = row.split(' | ');
      return [...names.matchAll(/`(\w+)`/g)].map(([, name = ''], place) => [
        name,
        values.split(', ')[place],
        written(defaults[name]),
      ]);
    });
    expect(limits.length).toBeGreaterThan(8);
    expect(limits.filter(([, told, value]) => told !== value)).toEqual([]);
  });

  it.each(['docs/client-guide.md', 'docs/kept.md', 'docs/operations.md'])(
    '%s has the defaults where it names them',
    (path) => {
      const told = [...read(path).matchAll(/`([A-Z][A-Z_]+)` \((\d[\d,]*(?: MiB)?)\)/g)];
      expect(told.filter(([, name = '', value]) => written(defaults[name]) !== value)).toEqual([]);
      if (path === 'docs/kept.md') expect(told.length).toBeGreaterThan(1);
    },
  );

  it('README.md and docker-compose.yml have the defaults of the scripts', () => {
    const { DEMO_OUTPUT, SIMULATOR_PORT } = scriptDefaults;
    expect(read('README.md')).toContain(`\`${DEMO_OUTPUT}/\` (or \`DEMO_OUTPUT\`)`);
    expect(scriptDefaults.DRAMATIS_URL).toBe(`http://${defaults.HOST}:${defaults.PORT}`);
    const compose = read('docker-compose.yml');
    expect(compose).toContain(`SIMULATOR_PORT: "${SIMULATOR_PORT}"`);
    expect(compose).toContain(`SIMULATOR_SPEED: "\${SIMULATOR_SPEED:-${defaults.SIMULATOR_SPEED}}"`);
  });
});
