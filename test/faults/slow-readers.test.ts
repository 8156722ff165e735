import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { delay } from '../support/delay.ts';
import { adminKey, Dramatis, eventually } from '../support/dramatis.ts';
import { follow } from '../support/followers.ts';
import { seed } from '../support/seed.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

let dramatis: Dramatis;
let server: ServerProcess;
let projectId: string;
let characterId: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({ servers: 0 });
  server = await startServerProcess(dramatis);
  dramatis.url = server.url;
  // Each event carries it.
  const description = 'x'.repeat(4_000);
  ({ projectId, characterId } = await seed(dramatis).project('Slow').character({ description }).make());
});
afterAll(() => dramatis.stop());

const query = `subscription ($id: ID!, $after: SafeInt) {
  projectEvents(projectId: $id, after: $after) { sequence character { description } } }`;
const from = (after?: number) => follow(server.url, adminKey, query, { variables: { id: projectId, after } });
const happen = (count: number) =>
  dramatis.database.query(
    `DO $$ BEGIN FOR n IN 1..${count} LOOP PERFORM record_project_event('${fromGlobalId('Project', projectId)}',
      'CHARACTER_UPDATED', NULL, '${fromGlobalId('Character', characterId)}', NULL, NULL, NULL); END LOOP; END $$`,
  );
const newest = async () =>
  Number(
    (
      await dramatis.database.query('SELECT last_sequence AS newest FROM projects WHERE id = $1', [
        fromGlobalId('Project', projectId),
      ])
    )[0]?.newest,
  );
const last = ({ told }: Awaited<ReturnType<typeof from>>): number => told.at(-1)?.projectEvents.sequence ?? 0;
const givenUp = () => server.log.filter(({ msg }) => msg === 'a slow reader was disconnected').length;
/** The server's memory now, in MiB. */
const memory = () =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]) / 1_024;

it('one who does not read live events is closed by name, once; those who follow the same are told all of them', async () => {
  const [slow, quick, other] = [await from(), await from(), await from()];
  await eventually('all', async () => {
    await happen(1);
    return [slow, quick, other].every((each) => each.told.length > 0);
  });
  const first = await newest();
  slow.socket.pause();
  for (let round = 0; round < 20; round += 1) await happen(150);
  for (const each of [quick, other]) await eventually('all', () => last(each) === first + 3_000, 40_000);
  await eventually('the slow one to be given up', () => givenUp() === 1, 30_000);
  slow.socket.resume();
  expect(await slow.closed).toEqual({ code: 1013, reason: 'SLOW_READER' });
  const sequences = slow.told.map(({ projectEvents }) => projectEvents.sequence);
  expect(sequences).toEqual(sequences.map((_, index) => (sequences[0] ?? 0) + index));
  expect(sequences.length).toBeLessThan(3_000);
  await happen(1);
  for (const each of [quick, other]) {
    await eventually('the next', () => last(each) === first + 3_001);
    each.socket.terminate();
  }
  expect(givenUp()).toBe(1);
}, 90_000);

it('a replay of a hundred thousand events waits for its reader and fills no memory', async () => {
  await dramatis.database.query(
    `INSERT INTO project_events (project_id, sequence, kind, character_id)
     SELECT id, last_sequence + n, 'CHARACTER_UPDATED', $2 FROM projects, generate_series(1, 100000) n WHERE id = $1`,
    [fromGlobalId('Project', projectId), fromGlobalId('Character', characterId)],
  );
  await dramatis.database.query('UPDATE projects SET last_sequence = last_sequence + 100000 WHERE id = $1', [
    fromGlobalId('Project', projectId),
  ]);
  const before = givenUp();
  const hasty = await from(0);
  await eventually('a start', () => hasty.told.length > 500, 30_000);
  const atStart = memory();
  const paused = await from(0);
  await eventually('a start', () => paused.told.length > 0);
  paused.socket.pause();
  let most = 0;
  await eventually(
    'the one who does not read to be given up',
    () => {
      most = Math.max(most, memory());
      return givenUp() > before;
    },
    40_000,
  );
  // Unread it would be four hundred.
  expect(most - atStart).toBeLessThan(120);
  const soFar = last(hasty);
  await eventually('the other to go on', () => last(hasty) > soFar + 500, 30_000);
  paused.socket.terminate();
  hasty.socket.terminate();
}, 120_000);

it('one who reads slowly is waited for, and misses nothing', async () => {
  const quick = await from();
  const slow = await from();
  await eventually('all', async () => {
    await happen(1);
    return quick.told.length > 0 && slow.told.length > 0;
  });
  const [first, start] = [await newest(), slow.told[0]?.projectEvents.sequence ?? 0];
  for (let round = 0; round < 12; round += 1) {
    slow.socket.pause();
    await happen(150);
    await delay(400);
    slow.socket.resume();
    await delay(50);
  }
  for (const each of [quick, slow]) await eventually('all', () => last(each) === first + 1_800, 40_000);
  const sequences = slow.told.map(({ projectEvents }) => projectEvents.sequence);
  expect(sequences).toEqual(sequences.map((_, index) => start + index));
  quick.socket.terminate();
  slow.socket.terminate();
}, 90_000);
