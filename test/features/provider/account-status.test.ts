import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Dramatis } from '../../support/dramatis.ts';
import { mutate, type Person, team, token } from '../../support/people.ts';

let dramatis: Dramatis;
let members: Awaited<ReturnType<typeof team>>;
let [serverAccount, ownAccount, environment]: string[] = [];
beforeAll(async () => {
  // No worker, because a worker would end the pauses.
  dramatis = await Dramatis.start({ environment: { ROLE: 'api' } });
  members = await team(dramatis);
  const { projectId, owner } = members;
  await mutate(dramatis, owner, 'setProviderKey', { projectId, key: 'SG_own_0123456789' }, 'project { id }');
  const [key] = await query('SELECT account, environment FROM provider_keys');
  [ownAccount, environment] = [String(key?.account), String(key?.environment)];
  serverAccount = String((await query('SELECT account FROM server_keys'))[0]?.account);
});
afterAll(() => dramatis.stop());
beforeEach(() => query('DELETE FROM provider_pauses'));

const query = (text: string, values?: unknown[]) => dramatis.database.query(text, values);
const admin = { key: 'test_admin_key_0123456789' };
const since = '2026-03-02T00:00:00.123Z';
const pause = (
  account: string | undefined,
  reason: string,
  until = "now() + interval '1 minute'",
  model = '',
) =>
  query(
    `INSERT INTO provider_pauses (provider_account, model, reason, until, since) VALUES ($1, $2, $3, ${until}, $4)`,
    [account, model, reason, since],
  );
async function provider(who: Person) {
  return (await dramatis.ask('{ provider { status since message } }', {}, who)).data.provider;
}
async function ownKey() {
  const document = 'query ($id: ID!) { project(id: $id) { providerKey { status since message } } }';
  return (await dramatis.ask(document, { id: members.projectId }, members.owner)).data.project.providerKey;
}
const operational = { status: 'OPERATIONAL', since: null, message: null };

it('nothing is said while nothing is known', async () => {
  expect(await provider(admin)).toEqual(operational);
  expect(await ownKey()).toEqual(operational);
});

it('a provider that does not answer is reported to each viewer', async () => {
  await pause(environment, 'UNAVAILABLE');
  const told = { status: 'UNAVAILABLE', since, message: expect.stringContaining('does not answer') };
  for (const who of [admin, members.viewer, { key: await token('stranger') }])
    expect(await provider(who)).toEqual(told);
  expect(await ownKey()).toEqual(told);
});

it.each([
  ['UNAUTHORIZED', 'refuses the key'],
  ['NO_CREDITS', 'no credits'],
  ['RATE_LIMITED', 'limits the requests'],
])(
  'the reason why the server’s account is paused is shown to each viewer whose runs may wait for it: %s',
  async (reason, words) => {
    await pause(serverAccount, reason);
    const told = { status: 'PAUSED', since, message: expect.stringContaining(words) };
    for (const who of [admin, members.owner, members.viewer]) expect(await provider(who)).toEqual(told);
    expect(await ownKey()).toEqual(operational);
  },
);

it('the state of a project’s account is shown only with its key', async () => {
  await pause(ownAccount, 'NO_CREDITS');
  expect(await ownKey()).toEqual({ status: 'PAUSED', since, message: expect.stringContaining('no credits') });
  for (const who of [admin, members.owner, members.viewer, { key: await token('stranger') }])
    expect(await provider(who)).toEqual(operational);
  const document = 'query ($id: ID!) { project(id: $id) { providerKey { status } } }';
  const { data, errors } = await dramatis.ask(document, { id: members.projectId }, members.editor);
  expect(JSON.stringify(data)).not.toContain('PAUSED');
  expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
});

it.each([
  ['a limit that is over', () => pause(serverAccount, 'RATE_LIMITED', 'now()')],
  [
    'a key that was not tried for long',
    () => pause(serverAccount, 'UNAUTHORIZED', "now() - interval '3 minutes'"),
  ],
  ['one model alone', () => pause(serverAccount, 'FORBIDDEN', "now() + interval '1 minute'", 'a-model')],
])('does not count: %s', async (_, write) => {
  await write();
  expect(await provider(admin)).toEqual(operational);
});
