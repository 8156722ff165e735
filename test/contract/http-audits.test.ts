import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { Dramatis } from '../support/dramatis.ts';
import { token } from '../support/people.ts';

let dramatis: Dramatis;
beforeAll(async () => {
  dramatis = await Dramatis.start();
});
afterAll(() => dramatis.stop());

it('passes the GraphQL-over-HTTP audits with all guards on, as a user: no error, at most 3 warnings', async () => {
  const key = await token('auditor');
  const fetchFn = (url: string, init: RequestInit = {}) =>
    fetch(url, {
      ...init,
      headers: {
        ...(init.headers as Record<string, string> | undefined),
        authorization: `Bearer ${key}`,
      },
    });
  const results = await Promise.all(
    serverAudits({ url: `${dramatis.url}/graphql`, fetchFn }).map((audit) => audit.fn()),
  );
  expect(results.length).toBe(61);
  expect(results.filter(({ status }) => status === 'error').map(({ id, name }) => `${id} ${name}`)).toEqual(
    [],
  );
  expect(results.filter(({ status }) => status === 'warn').length).toBeLessThanOrEqual(3);
});
