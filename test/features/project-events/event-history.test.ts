import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../../src/platform/reads/global-id.ts';
import { adminKey, Dramatis, eventually } from '../../support/dramatis.ts';
import { follow } from '../../support/followers.ts';
import { hearDatabase } from '../../support/heard-database.ts';
import { mutate } from '../../support/people.ts';

let dramatis: Dramatis;
let database: Awaited<ReturnType<typeof hearDatabase>>;
let projectId: string;
let characterId: string;
let waiting: string;
let project: string;
const admin = { key: adminKey };
beforeAll(async () => {
  dramatis = await Dramatis.start({ servers: 0 });
  database = await hearDatabase(dramatis.database.url);
  dramatis.onStop(() => database.close());
  dramatis.environment.DATABASE_URL = database.url;
  dramatis.url = (await dramatis.startServer()).url ?? '';
  ({ projectId, characterId } = await dramatis.cast());
  project = fromGlobalId('Project', projectId);
  await mutate(
    dramatis,
    admin,
    'updateProjectLimits',
    { id: projectId, approvalPerRun: '0.000001' },
    'project { id }',
  );
  waiting = await dramatis.generate(characterId, 'waits for an owner');
});
afterAll(() => dramatis.stop());

const query = `subscription ($id: ID!, $after: SafeInt) { projectEvents(projectId: $id, after: $after) {
  sequence kind keptFrom generation { id status prompt } character { id } } }`;
const from = (after?: number) =>
  follow(dramatis.url, adminKey, query, { variables: { id: projectId, after } });
const events = ({ told }: Awaited<ReturnType<typeof from>>) => told.map(({ projectEvents }) => projectEvents);
const newest = async () =>
  Number(
    (await dramatis.database.query('SELECT last_sequence AS n FROM projects WHERE id = $1', [project]))[0]?.n,
  );
const happen = (count = 1) =>
  dramatis.database.query(
    `DO $$ BEGIN FOR n IN 1..${count} LOOP PERFORM record_project_event('${project}', 'CHARACTER_UPDATED', NULL,
      '${fromGlobalId('Character', characterId)}', NULL, NULL, NULL); END LOOP; END $$`,
  );
const remove = (upTo: number) =>
  dramatis.database.query('DELETE FROM project_events WHERE project_id = $1 AND sequence <= $2', [
    project,
    upTo,
  ]);

/** Wakes those who follow the project although it has no news, and waits until they have looked for some. */
async function lookAgain(): Promise<void> {
  const looks = () =>
    database.heard.filter(({ text, values }) => text.includes('project_events') && values.includes(project))
      .length;
  for (let times = 0; times < 3; times += 1) {
    const before = looks();
    await dramatis.database.query("SELECT pg_notify('dramatis_project_events', $1)", [project]);
    await eventually('a look', () => looks() > before);
  }
}

it('a replay from where every event is stored tells them and nothing else', async () => {
  const told = await from(0);
  const last = await newest();
  await eventually('all', () => events(told).length === last);
  expect(events(told).map(({ sequence }) => sequence)).toEqual(Array.from({ length: last }, (_, n) => n + 1));
  expect(events(told).every(({ keptFrom }) => keptFrom === null)).toBe(true);
  told.socket.terminate();
});

it('from further back it begins with the state, says so, and goes on without a gap', async () => {
  const other = await dramatis.generate(characterId, 'waits as well');
  await happen(3);
  const last = await newest();
  await remove(last - 2);
  const told = await from(1);
  await eventually('the stored ones', () => events(told).length >= 5);
  await happen();
  await eventually('a live one', () => events(told).length === 6);
  const [truncated, ...others] = events(told);
  expect(truncated).toEqual({
    sequence: 1,
    kind: 'HISTORY_TRUNCATED',
    keptFrom: last - 1,
    generation: null,
    character: null,
  });
  // Only the last of the state moves on: who is cut off before it comes back with the number that they have.
  expect(others.map(({ sequence, kind }) => [sequence, kind])).toEqual([
    [1, 'GENERATION_STATE'],
    [last - 2, 'GENERATION_STATE'],
    [last - 1, 'CHARACTER_UPDATED'],
    [last, 'CHARACTER_UPDATED'],
    [last + 1, 'CHARACTER_UPDATED'],
  ]);
  expect(others.slice(0, 2).map(({ generation }) => generation)).toEqual([
    { id: waiting, status: 'AWAITING_APPROVAL', prompt: 'waits for an owner' },
    { id: other, status: 'AWAITING_APPROVAL', prompt: 'waits as well' },
  ]);
  const again = await from(last - 2);
  await eventually('the stored ones', () => events(again).length === 3);
  expect(events(again)[0]?.sequence).toBe(last - 1);
  for (const { socket } of [told, again]) socket.terminate();
});

it('is told of the state also where no event is stored any more, and then of what happens', async () => {
  const last = await newest();
  await remove(last);
  const told = await from(0);
  await eventually('the state', () => events(told).length === 3);
  expect(events(told).map(({ sequence, kind, keptFrom }) => [sequence, kind, keptFrom])).toEqual([
    [0, 'HISTORY_TRUNCATED', last + 1],
    [0, 'GENERATION_STATE', null],
    [last, 'GENERATION_STATE', null],
  ]);
  const upToDate = await from(last);
  await happen();
  for (const each of [told, upToDate]) {
    await eventually('what happens', () => events(each).at(-1)?.sequence === last + 1);
    each.socket.terminate();
  }
  expect(events(upToDate)).toHaveLength(1);
  expect(told.errors).toEqual([]);
});

it('many who came from different places are told the same from then on', async () => {
  await happen(3);
  const last = await newest();
  await remove(last - 1);
  const all = await Promise.all([0, 1, last - 1, last].map((after) => from(after)));
  await eventually('the state', () => all[0]?.told.length === 4);
  await happen(2);
  for (const each of all) await eventually('the next', () => events(each).at(-1)?.sequence === last + 2);
  expect(all.map((each) => events(each).length)).toEqual([6, 6, 3, 2]);
  for (const { socket } of all) socket.terminate();
});

it('who comes from further back is told every stored event, also where others follow the same live', async () => {
  const live = await from();
  await eventually('them to follow', async () => {
    await happen();
    return events(live).length > 0;
  });
  await happen(20);
  const last = await newest();
  await eventually('all', () => events(live).at(-1)?.sequence === last);
  await remove(last - 12);
  const late = await from(1);
  await eventually('the stored ones', () => events(late).at(-1)?.sequence === last);
  await happen();
  for (const each of [live, late])
    await eventually('the next', () => events(each).at(-1)?.sequence === last + 1);
  const stored = events(late).filter(({ kind }) => kind === 'CHARACTER_UPDATED');
  expect(stored.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 13 }, (_, n) => last - 11 + n));
  for (const { socket } of [live, late]) socket.terminate();
});

it('a state of many runs is told whole and in order, and then the stored events', async () => {
  const count = 450;
  await dramatis.database.query(
    `INSERT INTO generations SELECT (jsonb_populate_record(g, jsonb_build_object('id', gen_random_uuid(),
       'idempotency_key', 'copy ' || n, 'wakeup_id', gen_random_uuid(), 'requested_at', g.requested_at + n / 10 * interval '1 ms'))).*
     FROM generations g, generate_series(1, ${count}) n WHERE g.id = '${fromGlobalId('Generation', waiting)}'`,
  );
  const unfinished = await dramatis.database.query(
    "SELECT id FROM generations WHERE project_id = $1 AND status = 'AWAITING_APPROVAL' ORDER BY requested_at, id",
    [project],
  );
  expect(unfinished.length).toBeGreaterThan(count);
  await happen(5);
  const last = await newest();
  await remove(last - 3);
  const live = await from();
  const told = await from(1);
  await eventually('the stored ones', () => events(told).at(-1)?.sequence === last);
  const states = events(told).filter(({ kind }) => kind === 'GENERATION_STATE');
  expect(states.map(({ generation }) => fromGlobalId('Generation', generation.id))).toEqual(
    unfinished.map(({ id }) => id),
  );
  expect(events(told).map(({ sequence }) => sequence)).toEqual([
    ...unfinished.map(() => 1),
    last - 3,
    last - 2,
    last - 1,
    last,
  ]);
  await dramatis.database.query("DELETE FROM generations WHERE idempotency_key LIKE 'copy %'");
  for (const { socket } of [live, told]) socket.terminate();
});

it('those who follow live go on when the event that they were told last is removed', async () => {
  const [one, two] = [await from(), await from()];
  await eventually('them to follow', async () => {
    await happen();
    return events(one).length > 0 && events(two).length > 0;
  });
  const last = await newest();
  await eventually(
    'all',
    () => events(two).at(-1)?.sequence === last && events(one).at(-1)?.sequence === last,
  );
  await remove(last);
  await lookAgain();
  await happen();
  for (const each of [one, two]) {
    await eventually('the next', () => events(each).at(-1)?.sequence === last + 1);
    expect(events(each).map(({ kind }) => kind)).not.toContain('HISTORY_TRUNCATED');
    expect(each.errors).toEqual([]);
    each.socket.terminate();
  }
});

it('those who follow live and whose next events were removed before they were told begin anew, each for itself', async () => {
  const [one, two] = [await from(), await from()];
  await eventually('them to follow', async () => {
    await happen();
    return events(one).length > 0 && events(two).length > 0;
  });
  const last = await newest();
  for (const each of [one, two]) await eventually('all', () => events(each).at(-1)?.sequence === last);
  // In one transaction, so that no reader sees the state in between.
  await dramatis.database.query(
    `DO $$ BEGIN FOR n IN 1..5 LOOP PERFORM record_project_event('${project}', 'CHARACTER_UPDATED', NULL,
      '${fromGlobalId('Character', characterId)}', NULL, NULL, NULL); END LOOP;
      DELETE FROM project_events WHERE project_id = '${project}' AND sequence < ${last + 4}; END $$`,
  );
  for (const each of [one, two]) {
    await eventually('all', () => events(each).at(-1)?.sequence === last + 5);
    const kinds = events(each).map(({ kind }) => kind);
    expect(kinds.slice(kinds.indexOf('HISTORY_TRUNCATED'))).toEqual([
      'HISTORY_TRUNCATED',
      'GENERATION_STATE',
      'GENERATION_STATE',
      'CHARACTER_UPDATED',
      'CHARACTER_UPDATED',
    ]);
    each.socket.terminate();
  }
});

it('one run is followed from its present state when its events were removed, and to its end', async () => {
  const id = await dramatis.generate(characterId, 'is followed');
  const told = await follow(
    dramatis.url,
    adminKey,
    'subscription ($id: ID!) { generationUpdated(id: $id) { status } }',
    { variables: { id } },
  );
  await eventually('its state', () => told.told.length === 1);
  await remove(await newest());
  await lookAgain();
  expect(told.errors).toEqual([]);
  await mutate(dramatis, admin, 'approveGeneration', { id }, 'generation { id }');
  await eventually('its end', () => told.isComplete());
  expect(told.told.map(({ generationUpdated }) => generationUpdated.status).at(-1)).toBe('COMPLETED');
  told.socket.terminate();
});

it('a database that went back still ends those who were told more', async () => {
  await happen(2);
  const last = await newest();
  const told = await from(last);
  const run = await follow(
    dramatis.url,
    adminKey,
    'subscription ($id: ID!) { generationUpdated(id: $id) { status } }',
    { variables: { id: waiting } },
  );
  await eventually('its state', () => run.told.length === 1);
  await dramatis.database.query(
    `SELECT record_project_event($1, 'GENERATION_SLOW', g.id, NULL, NULL, NULL, generation_progress(g)) FROM generations g WHERE id = $2`,
    [project, fromGlobalId('Generation', waiting)],
  );
  await eventually('both', () => told.told.length === 1 && run.told.length === 2);
  // The last event is lost, and its number is given to another one.
  await dramatis.database.query(
    `DO $$ BEGIN DELETE FROM project_events WHERE project_id = '${project}' AND sequence = ${last + 1};
      UPDATE projects SET last_sequence = ${last} WHERE id = '${project}'; END $$`,
  );
  await eventually('the project', () => told.errors.length > 0);
  expect(told.errors[0]?.extensions.code).toBe('SERVICE_UNAVAILABLE');
  await happen(2);
  await eventually('the run', () => run.errors.length > 0);
  expect(run.errors[0]?.extensions.code).toBe('SERVICE_UNAVAILABLE');
  for (const { socket } of [told, run]) socket.terminate();
});

it('a run whose event is lost is told no further when its number is given to another one', async () => {
  const id = fromGlobalId('Generation', waiting);
  const run = await follow(
    dramatis.url,
    adminKey,
    'subscription ($id: ID!) { generationUpdated(id: $id) { status } }',
    { variables: { id: waiting } },
  );
  await eventually('its state', () => run.told.length === 1);
  const last = await newest();
  await dramatis.database.query(
    `SELECT record_project_event($1, 'GENERATION_SLOW', g.id, NULL, NULL, NULL, generation_progress(g)) FROM generations g WHERE id = $2`,
    [project, id],
  );
  await eventually('its event', () => run.told.length === 2);
  // In one transaction, so that no reader sees a number that was not given yet.
  await dramatis.database.query(
    `DO $$ BEGIN DELETE FROM project_events WHERE project_id = '${project}' AND sequence = ${last + 1};
      UPDATE projects SET last_sequence = ${last} WHERE id = '${project}';
      FOR n IN 1..3 LOOP PERFORM record_project_event('${project}', 'PROJECT_UPDATED', NULL, NULL, NULL, NULL, NULL); END LOOP; END $$`,
  );
  await eventually('it to end', () => run.errors.length > 0);
  expect(run.errors[0]?.extensions.code).toBe('SERVICE_UNAVAILABLE');
  run.socket.terminate();
});
