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
  const told = log.filter(({ msg }) => String(msg).includes('no settings of Dramatis'));
  expect(told).toMatchObject([
    { level: 'warn', msg: expect.stringMatching(/: PROT \(PORT is\), SEGMIND_APIKEY/) },
  ]);
  expect(JSON.stringify(log)).not.toContain('SG_of_another_account');
  const quiet = await startServerProcess(dramatis);
  expect(JSON.stringify(quiet.log)).not.toContain('no settings of Dramatis');
});

it('so does one that ends because a setting is missing', async () => {
  const settings = { AUTH_ISSUER: '', AUTH_ISSUR: 'https://id.example/' };
  await expect(startServerProcess(dramatis, settings)).rejects.toThrow(
    /AUTH_ISSUER must be set .*\nset, but no settings of Dramatis: AUTH_ISSUR \(AUTH_ISSUER is\)\n$/,
  );
});
