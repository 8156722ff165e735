import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { Dramatis } from '../support/dramatis.ts';
import { apiKey, mutate, type Person, team, token } from '../support/people.ts';
import { seed } from '../support/seed.ts';

/*
 * People have their own day: what a project spends is told by the days of its zone, and what is booked keeps its day.
 */
let dramatis: Dramatis;
let cast: Awaited<ReturnType<typeof team>>;
beforeAll(async () => {
  dramatis = await Dramatis.start();
  cast = await team(dramatis);
});
afterAll(() => dramatis.stop());

const move = (who: Person, timeZone: string | null, projectId = cast.projectId) =>
  mutate(dramatis, who, 'updateProject', { id: projectId, timeZone }, 'project { timeZone }');
const dayIn = (timeZone: string, moment = new Date()) => moment.toLocaleDateString('sv-SE', { timeZone });
/** Two zones that are never on the same day. */
const [ahead, behind] = ['Pacific/Kiritimati', 'Pacific/Midway'];

async function characterOf(projectId: string, owner: Person): Promise<string> {
  const { characterId } = await seed(dramatis).in({ projectId, owner }).character().face().make();
  return characterId;
}
/** A run that has ended. */
async function drawn(characterId: string): Promise<string> {
  const id = await dramatis.generate(characterId);
  await dramatis.settle(id);
  return id;
}

it('is UTC unless an owner sets it, and takes the names of zones only', async () => {
  const { data } = await dramatis.ask(`{ project(id: "${cast.projectId}") { timeZone } }`, {}, cast.viewer);
  expect(data.project.timeZone).toBe('UTC');
  const key = await apiKey(dramatis, cast.owner, cast.projectId, { role: 'OWNER' });
  for (const who of [cast.editor, cast.viewer, key])
    await expect(move(who, ahead)).rejects.toThrow('FORBIDDEN');
  await expect(move({ key: await token('stranger') }, ahead)).rejects.toThrow('NOT_FOUND');
  for (const zone of [
    '',
    'Berlin',
    'CET',
    'EST5EDT',
    '+05:30',
    'posix/Europe/Berlin',
    'Europe/Berlin\n',
    "'; DROP",
  ]) {
    expect((await move(cast.owner, zone)).userErrors).toMatchObject([
      { code: 'INVALID_INPUT', path: ['input', 'timeZone'] },
    ]);
  }
  expect((await move(cast.owner, null)).project.timeZone).toBe('UTC');
});

it('days of spend, exports and the ledger are the zone’s from then on; what is booked keeps its day', async () => {
  const { projectId, owner } = cast;
  const characterId = await characterOf(projectId, owner);
  const draw = () => drawn(characterId);
  const inUtc = await draw();
  expect((await move(owner, ahead)).project.timeZone).toBe(ahead);
  const inAhead = await draw();
  await move(owner, behind);
  const inBehind = await draw();

  const days = [dayIn('UTC'), dayIn(ahead), dayIn(behind)];
  expect(days[1]).not.toBe(days[2]);
  const query = `query ($from: Date!, $to: Date!) {
    spend(from: $from, to: $to, groupBy: [DAY]) { rows { startsOn runs } }
    project(id: "${projectId}") { spend(from: $from, to: $to, groupBy: [DAY]) { rows { startsOn runs } } } }` as const;
  const from = '2020-01-01';
  const to = '2029-01-01';
  const expected = [...Map.groupBy(days, (day) => day)]
    .map(([startsOn, runs]) => ({ startsOn, runs: runs.length }))
    .toSorted((one, other) => one.startsOn.localeCompare(other.startsOn));
  const told = await dramatis.get(query, { from, to });
  expect(told.project.spend.rows).toEqual(expected);
  expect(told.spend.rows).toEqual(expected);

  for (const [index, id] of [inUtc, inAhead, inBehind].entries()) {
    const { generation } = await dramatis.get(
      `{ generation(id: "${id}") { requestedAt ledgerEntries { day at } } }`,
    );
    expect(new Set(generation.ledgerEntries.map(({ day }) => day))).toEqual(new Set([days[index]]));
    // Raw moments stay in UTC.
    expect(generation.requestedAt).toMatch(/Z$/);
    const stored = await dramatis.database.query(
      'SELECT extract(epoch FROM requested_at) * 1000 AS ms FROM generations WHERE id = $1',
      [fromGlobalId('Generation', id)],
    );
    expect(Number(stored[0]?.ms)).toBe(Date.parse(generation.requestedAt));
    expect(Math.abs(Date.parse(generation.requestedAt) - Date.now())).toBeLessThan(120_000);
  }

  for (const name of ['generations', 'spend', 'ledger']) {
    const rows = async (day: string) => {
      const address = `${dramatis.url}/exports/${name}.jsonl?projectId=${projectId}&from=${day}&to=${day}`;
      const answer = await fetch(address, { headers: { authorization: `Bearer ${owner.key}` } });
      const lines = (await answer.text()).trim().split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line) as { id?: string; generationId?: string; runs?: number });
    };
    const counted = new Set(days).size;
    let seen = 0;
    for (const day of new Set(days)) seen += (await rows(day)).length;
    if (name === 'spend') expect(seen).toBe(counted);
    if (name === 'generations') expect(seen).toBe(3);
    if (name === 'ledger') expect(seen).toBeGreaterThanOrEqual(6);
  }

  const { auditLog } = (
    await dramatis.ask(
      `{ project(id: "${projectId}") { auditLog(first: 20, filter: { actions: [PROJECT_UPDATED] }) { nodes { details } } } }`,
      {},
      owner,
    )
  ).data.project;
  expect(auditLog.nodes[0].details).toEqual({ timeZone: behind, previousTimeZone: ahead });
});

it('spend over several projects adds each one’s own days', async () => {
  const runsByDay = async () => {
    const query = `{ spend(from: "2020-01-01", to: "2029-01-01", groupBy: [DAY]) { rows { startsOn runs } } }`;
    const { rows } = (await dramatis.get(query)).spend;
    return new Map<string, number>(
      rows.map(({ startsOn, runs }: { startsOn: string; runs: number }) => [startsOn, runs]),
    );
  };
  const before = await runsByDay();
  for (const zone of [ahead, behind]) {
    const { owner, projectId } = await team(dramatis);
    await move(owner, zone, projectId);
    await drawn(await characterOf(projectId, owner));
  }
  const after = await runsByDay();
  for (const day of [dayIn(ahead), dayIn(behind)])
    expect((after.get(day) ?? 0) - (before.get(day) ?? 0)).toBe(1);
});

it('the forecast counts from the zone’s today', async () => {
  await move(cast.owner, ahead);
  const ask = async (to: string) =>
    (
      await dramatis.get(
        `{ project(id: "${cast.projectId}") { spend(from: "2020-01-01", to: "${to}") { forecast { until } } } }`,
      )
    ).project.spend.forecast;
  expect(await ask(dayIn(ahead))).toEqual({ until: dayIn(ahead) });
  const yesterday = new Date(Date.parse(dayIn(ahead)) - 86_400_000).toISOString().slice(0, 10);
  expect(await ask(yesterday)).toBeNull();
});
