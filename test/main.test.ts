import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Dramatis } from './support/dramatis.ts';
import { startServerProcess } from './support/server-process.ts';

let dramatis: Dramatis;
beforeAll(async () => {
  dramatis = await Dramatis.start({ servers: 0 });
});
afterAll(() => dramatis.stop());

it('a start names variables that look like misspelled settings, in one line and without their values', async () => {
  const { log } = await startServerProcess(dramatis, { PROT: '80', SEGMIND_APIKEY: 'SG_of_another_account' });
  const told = log.filter(({ msg }) => String(msg).includes('not read by Dramatis'));
  expect(told).toMatchObject([
    { level: 'warn', msg: expect.stringMatching(/: PROT \(did you mean PORT\?\), SEGMIND_APIKEY/) },
  ]);
  expect(JSON.stringify(log)).not.toContain('SG_of_another_account');
  const quiet = await startServerProcess(dramatis);
  expect(JSON.stringify(quiet.log)).not.toContain('not read by Dramatis');
});

it('so does one that ends because a setting is missing', async () => {
  const settings = { AUTH_ISSUER: '', AUTH_ISSUR: 'https://id.example/' };
  await expect(startServerProcess(dramatis, settings)).rejects.toThrow(
    /AUTH_ISSUER must be set .*\nset, but not read by Dramatis: AUTH_ISSUR \(did you mean AUTH_ISSUER\?\)\n$/,
  );
});

it('so do the programs beside the server, on the error stream', async () => {
  const { url } = await startServerProcess(dramatis);
  const programs = [
    ['verify', { DATABSE_URL: 'postgres://x' }, 'DATABSE_URL (did you mean DATABASE_URL?)'],
    // It ends, because there is no key.
    ['demo', { DRAMATIS_UR: 'http://x', DRAMATIS_URL: url }, 'DRAMATIS_UR (did you mean DRAMATIS_URL?)'],
    [
      'simulator',
      { SIMULATOR_PROT: '80', SIMULATOR_PORT: 'none' },
      'SIMULATOR_PROT (did you mean SIMULATOR_PORT?)',
    ],
  ] as const;
  for (const [program, settings, told] of programs) {
    const env = { PATH: process.env.PATH, DATA_DIR: join(tmpdir(), randomUUID()), ...settings };
    const { stderr, stdout } = spawnSync(process.execPath, [`dist/${program}/main.js`], {
      env,
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(stderr.split('\n')[0]).toBe(`set, but not read by Dramatis: ${told}`);
    expect(stdout).not.toContain('not read by Dramatis');
  }
});
