import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { adminKey, Dramatis, eventually } from '../support/dramatis.ts';
import { follow } from '../support/followers.ts';
import { mutate, token } from '../support/people.ts';
import { seed } from '../support/seed.ts';
import { startServerProcess } from '../support/server-process.ts';

const admin = { key: adminKey };
let dramatis: Dramatis;
beforeEach(async () => {
  dramatis = await Dramatis.start({ servers: 0 });
});
afterEach(() => dramatis.stop());

const count = async (from: string) =>
  Number((await dramatis.database.query(`SELECT count(*)::int AS n FROM ${from}`))[0]?.n);
const old = "project_events WHERE at < now() - interval '90 days'";

it('a worker that is killed while it removes leaves the rest to the next one; what stays has no gap', async () => {
  const first = await startServerProcess(dramatis);
  dramatis.url = first.url;
  const { projectId } = await dramatis.cast();
  const id = fromGlobalId('Project', projectId);
  const newest = await count(`project_events WHERE project_id = '${id}'`);
  first.signal('SIGKILL');
  await first.exited;
  await dramatis.database.query(
    `BEGIN; INSERT INTO project_events (project_id, sequence, kind, at)
       SELECT '${id}', ${newest} + n, 'PROJECT_UPDATED', now() - interval '100 days' FROM generate_series(1, 100000) n;
     UPDATE project_events SET at = now() - interval '101 days' WHERE project_id = '${id}' AND sequence <= ${newest};
     UPDATE projects SET last_sequence = ${newest} + 100000 WHERE id = '${id}'; COMMIT`,
  );
  const second = await startServerProcess(dramatis);
  await eventually('some to be removed', async () => (await count(old)) < 100_000);
  second.signal('SIGKILL');
  await second.exited;
  const left = await count(old);
  expect(left).toBeGreaterThan(0);
  const [{ gap } = {}] = await dramatis.database.query(
    `SELECT max(sequence) - min(sequence) + 1 <> count(*) AS gap FROM project_events WHERE project_id = '${id}'`,
  );
  expect(gap).toBe(false);
  const third = await startServerProcess(dramatis);
  dramatis.url = third.url;
  await eventually('the rest to be removed', async () => (await count(old)) === 0, 40_000);
  // A client that was away for so long gets an event that says so, and the current state.
  const query =
    'subscription ($id: ID!) { projectEvents(projectId: $id, after: 1) { kind keptFrom sequence } }';
  const told = await follow(dramatis.url, adminKey, query, { variables: { id: projectId } });
  await eventually('the beginning', () => told.told.length === 1);
  expect(told.told[0]?.projectEvents).toEqual({
    kind: 'HISTORY_TRUNCATED',
    keptFrom: newest + 100_001,
    sequence: newest + 100_000,
  });
  told.socket.terminate();
  const line = await eventually('the line of the log', () =>
    third.log.find(({ msg }) => msg === 'what was past its time was removed'),
  );
  expect(line).toMatchObject({ removed: { events: left } });
}, 120_000);

it('a key that comes again after its time is a new request, and an invitation that has ended is listed without its address', async () => {
  dramatis.url = (await dramatis.startServer({ ROLE: 'api' })).url ?? '';
  const owner = { key: await token('olivia') };
  const { projectId, characterId } = await seed(dramatis).project('Kept', owner).character().face().make();
  const ask = (reuse = false) =>
    dramatis.generate(characterId, 'at the pier', { idempotencyKey: reuse ? 'reused' : 'once', reuse });
  const first = await ask();
  expect(await ask(true)).toBe(first);
  expect([await ask(), await ask(true)]).toEqual([first, first]);
  await mutate(dramatis, owner, 'cancelGeneration', { id: first }, 'generation { status }');
  const invite = async (email: string) =>
    (await mutate(dramatis, owner, 'inviteMember', { projectId, email, role: 'VIEWER' }, 'token')).token;
  const accepted = await invite('vera@example.test');
  const vera = { key: await token('vera') };
  const join = (who = vera) =>
    mutate(dramatis, who, 'acceptInvitation', { token: accepted }, 'member { id }');
  const { member } = await join();
  await invite('late@example.test');
  await invite('open@example.test');
  await dramatis.database.query(
    `BEGIN; UPDATE invitations SET expires_at = now() - interval '1 second' WHERE email = 'late@example.test';
     UPDATE generations SET requested_at = now() - interval '91 days';
     UPDATE answered_keys SET created_at = now() - interval '91 days'; COMMIT`,
  );

  await dramatis.startServer({ ROLE: 'worker' });
  const invitations = async () =>
    (
      await dramatis.ask(
        `{ project(id: "${projectId}") { invitations(first: 5) { nodes { email status } } } }`,
        {},
        owner,
      )
    ).data.project.invitations.nodes;
  await eventually(
    'the addresses to go',
    async () => (await invitations()).filter(({ email }) => email === null).length === 2,
  );
  expect(await invitations()).toEqual([
    { email: 'open@example.test', status: 'PENDING' },
    { email: null, status: 'EXPIRED' },
    { email: null, status: 'ACCEPTED' },
  ]);
  // Sent again it is still no error for its member, and an error for others.
  expect((await join()).member.id).toBe(member.id);
  const other = await join({ key: await token('someone') });
  expect(other.userErrors.map(({ code }) => code)).toEqual(['INVITATION_USED']);
  await eventually(
    'the keys to go',
    async () =>
      (await count('answered_keys')) + (await count('generations WHERE idempotency_key IS NOT NULL')) === 0,
  );
  const second = await ask();
  expect(second).not.toBe(first);
  expect(await ask()).toBe(second);
  expect(
    await mutate(
      dramatis,
      admin,
      'inviteMember',
      { projectId, email: 'late@example.test', role: 'VIEWER' },
      'token',
    ),
  ).toMatchObject({ userErrors: [] });
});
