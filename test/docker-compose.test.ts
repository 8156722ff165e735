import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { readConfig, settingNames } from '../src/settings/config.ts';

const text = readFileSync('docker-compose.yml', 'utf8');
const service = z.object({ environment: z.record(z.string(), z.string().nullable()) });
const file = z
  .object({ services: z.object({ api: service, worker: service, simulator: service, postgres: service }) })
  .parse(parse(text, { merge: true }));
type Name = keyof typeof file.services;
type Variables = Readonly<Record<string, string | undefined>>;

/**
 * What Compose gives a container, by its documents: `${A:-b}` and `${A:?text}` take an empty variable for one that is not
 * set; a name without a value is passed on as it is set, also empty, and is unset otherwise.
 */
function environmentOf(name: Name, shell: Variables): Variables {
  const fill = (value: string) =>
    value.replace(/\$\{(\w+)(:-|:\?)([^}]*)\}/g, (_, variable: string, operator: string, rest: string) => {
      if (shell[variable]) return shell[variable];
      if (operator === ':?') throw new Error(`${variable}: ${rest}`);
      return rest;
    });
  return Object.fromEntries(
    Object.entries(file.services[name].environment).map(([key, value]) => [
      key,
      value === null ? shell[key] : fill(value),
    ]),
  );
}

const password = '0123456789abcdef';

describe('docker-compose.yml', () => {
  it.each(['api', 'worker', 'postgres'] as const)(
    'refuses to start %s without a password of its own',
    (name) => {
      for (const shell of [{}, { POSTGRES_PASSWORD: '' }])
        expect(() => environmentOf(name, shell)).toThrow(/^POSTGRES_PASSWORD: must be set/);
      expect(() => environmentOf(name, { POSTGRES_PASSWORD: password })).not.toThrow();
    },
  );

  it('contains no fixed key and no fixed password', () => {
    const secrets = Object.values(file.services).flatMap(({ environment }) =>
      Object.entries(environment).filter(([name]) => /KEY|SECRET|PASSWORD/.test(name)),
    );
    expect(secrets.length).toBeGreaterThan(8);
    for (const [, value] of secrets.filter(([, each]) => each !== null))
      expect(value).toMatch(/^\$\{\w+:\?[^}]*\}$/);
    expect(text).not.toMatch(/:\/\/\w+:\w+@/);
  });

  it.each(['api', 'worker'] as const)('passes every setting on to %s, and nothing else', (name) => {
    expect(Object.keys(file.services[name].environment).toSorted()).toEqual(settingNames.toSorted());
  });

  it('starts with nothing but the password: the admin key is made', () => {
    const config = readConfig(environmentOf('api', { POSTGRES_PASSWORD: password }));
    expect(config).toEqual({
      ...readConfig({}),
      HOST: '0.0.0.0',
      DATA_DIR: '/data',
      ROLE: 'api',
      DATABASE_URL: `postgresql://dramatis:${password}@postgres:5432/dramatis`,
      PUBLIC_URL: 'http://localhost:4000',
      SIMULATOR_URL: 'http://simulator:4010',
    });
  });

  it('takes .env.example as it is, and settings that are empty for those that are not set', () => {
    const shell = { ...parseEnv(readFileSync('.env.example', 'utf8')), POSTGRES_PASSWORD: password };
    const bare = environmentOf('worker', { POSTGRES_PASSWORD: password });
    expect(readConfig(environmentOf('worker', shell))).toEqual(readConfig(bare));
    const empty = Object.fromEntries(settingNames.map((name) => [name, '']));
    expect(readConfig(environmentOf('worker', { ...empty, POSTGRES_PASSWORD: password }))).toEqual(
      readConfig(bare),
    );
  });
});
