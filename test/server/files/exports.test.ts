import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toGlobalId } from '../../../src/platform/reads/global-id.ts';
import { adminKey, Dramatis } from '../../support/dramatis.ts';
import { insertRun } from '../../support/ended-runs.ts';
import { type Person, type team, token } from '../../support/people.ts';
import { placeOf, seed } from '../../support/seed.ts';

let dramatis: Dramatis;
let cast: Awaited<ReturnType<typeof team>>;
let characterId: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { COST_BURST: '1000000' } });
  const made = await seed(dramatis).team().character({ name: '=HYPERLINK("http://evil.example")' }).make();
  cast = made;
  const run = placeOf(made);
  ({ characterId } = run);
  await insertRun(dramatis.database, {
    ...run,
    requestedAt: '2026-03-01T23:59:59.999Z',
    prompt: '+1, "two"\nthree',
  });
  await insertRun(dramatis.database, {
    ...run,
    requestedAt: '2026-03-02T00:00:00Z',
    costMicros: null,
    seconds: 3,
    batch: '@b',
  });
  await insertRun(dramatis.database, {
    ...run,
    requestedAt: '2026-03-02T00:00:00Z',
    status: 'FAILED',
    costMicros: 0,
  });
});
afterAll(() => dramatis.stop());

const admin = { key: adminKey };
/** As it is written: compressed, a file of these sizes would fit into what lies between server and client. */
const plain = { 'accept-encoding': 'identity' };
const fetchFile = (
  who: Person,
  file: string,
  query: Record<string, string> = { projectId: cast.projectId },
  more: RequestInit = {},
) =>
  fetch(`${dramatis.url}/exports/${file}?${new URLSearchParams(query)}`, {
    headers: { authorization: `Bearer ${who.key}`, ...plain },
    ...more,
  });
async function lines(who: Person, file: string, query?: Record<string, string>) {
  const response = await fetchFile(who, file, query);
  expect(response.status).toBe(200);
  const text = await response.text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

describe('exports', () => {
  it('are for editors and owners; the admin may ask for everything', async () => {
    const status = async (who: Person, file: string, query?: Record<string, string>) =>
      (await fetchFile(who, file, query)).status;
    expect(await status({ key: 'wrong_key_wrong_key' }, 'ledger.csv')).toBe(401);
    for (const file of ['ledger.csv', 'generations.jsonl', 'spend.csv']) {
      expect(await status({ key: await token('stranger') }, file)).toBe(404);
      expect(await status(cast.viewer, file)).toBe(403);
      expect(await status(cast.editor, file)).toBe(200);
      expect(await status(cast.editor, file, {})).toBe(400);
      expect(await status(admin, file, {})).toBe(file.startsWith('generations') ? 400 : 200);
    }
    expect(await status(cast.editor, 'ledger.csv', { projectId: 'nonsense' })).toBe(404);
  });

  it.each<Record<string, string>>([
    { from: '2026-02-30' },
    { to: 'yesterday' },
    { from: '2026-03-02', to: '2026-03-01' },
    { form: '2026-03-01' },
    { from: '2026-03-01T00:00:00Z' },
  ])('refuse %j', async (query) => {
    const response = await fetchFile(cast.editor, 'ledger.csv', { projectId: cast.projectId, ...query });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { errors: [{ extensions: { code: 'BAD_REQUEST' } }] },
    ]);
  });

  it('tell what is wrong on one line, and only so much of it', async () => {
    const query = { [`${'x'.repeat(495)}\0\n${'😀'.repeat(500)}`]: '1' };
    const response = await fetchFile(cast.editor, 'ledger.csv', { projectId: cast.projectId, ...query });
    const { errors } = (await response.json()) as { errors: { message: string }[] };
    expect(response.status).toBe(400);
    expect(errors[0]?.message).toMatch(/^[^\p{Cc}\p{Cs}]{100,500}$/u);
  });

  it.each(['ledger.xlsx', 'members.csv', 'ledger', '__proto__.csv'])('know no %s', async (file) => {
    const response = await fetchFile(cast.editor, file);
    expect([response.status, await response.json()]).toEqual([
      404,
      { errors: [{ message: 'No file with this id.', extensions: { code: 'NOT_FOUND' } }] },
    ]);
  });

  it('are not read for HEAD', async () => {
    expect((await fetchFile(cast.editor, 'ledger.csv', undefined, { method: 'HEAD' })).status).toBe(404);
  });

  it('are attachments, RFC 4180, without formulas', async () => {
    const response = await fetchFile(cast.editor, 'generations.csv');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="generations.csv"',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    const text = await response.text();
    const [header, first, ...others] = text.split('\r\n');
    expect(header).toBe(
      'id,characterId,characterName,model,status,prompt,requestedAt,finishedAt,seconds,hold,cost,costSource,failureCode,pictures,discarded,batch,userId,apiKeyId',
    );
    expect(first).toContain(
      `,"'=HYPERLINK(""http://evil.example"")",consistent-character,COMPLETED,"'+1, ""two""\nthree",2026-03-01T23:59:59.999Z,`,
    );
    expect(others.join()).toContain(",0.100000,,PROVIDER,,1,0,'@b,,");
    expect(text.endsWith('\r\n')).toBe(true);
  });

  it('tell the runs, by the days on which they were asked for', async () => {
    const [first, ...others] = await lines(cast.editor, 'generations.jsonl');
    expect(first).toMatchObject({
      characterId: toGlobalId('Character', characterId),
      prompt: '+1, "two"\nthree',
      hold: '0.100000',
      cost: '0.050000',
    });
    expect(others).toHaveLength(2);
    expect(others).toContainEqual(
      expect.objectContaining({ cost: null, seconds: 3, batch: '@b', pictures: 1 }),
    );
    expect(others).toContainEqual(
      expect.objectContaining({ cost: '0.000000', status: 'FAILED', pictures: 0 }),
    );
    const second = await lines(cast.editor, 'generations.jsonl', {
      projectId: cast.projectId,
      from: '2026-03-02',
      to: '2026-03-02',
    });
    expect(second.map(({ status }) => status).sort()).toEqual(['COMPLETED', 'FAILED']);
    expect(
      await lines(cast.editor, 'generations.jsonl', { projectId: cast.projectId, to: '2026-03-01' }),
    ).toHaveLength(1);
  });

  it('tell every entry of the ledger, and what was spent', async () => {
    const entries = await lines(cast.editor, 'ledger.jsonl', { projectId: cast.projectId, to: '2026-03-01' });
    expect(
      entries.map(({ kind, debit, credit, amount, day, source }) => [
        kind,
        debit,
        credit,
        amount,
        day,
        source,
      ]),
    ).toEqual([
      ['HOLD', 'HELD', 'AVAILABLE', '0.100000', '2026-03-01', 'UPPER_BOUND'],
      ['CHARGE', 'SPENT', 'HELD', '0.050000', '2026-03-01', 'PROVIDER'],
      ['RELEASE', 'AVAILABLE', 'HELD', '0.050000', '2026-03-01', 'PROVIDER'],
    ]);
    expect(entries[0].projectId).toBe(cast.projectId);
    const listed = await dramatis.ask(
      `{ project(id: "${cast.projectId}") { ledger(first: 100, filter: { fromDay: "2026-03-01", toDay: "2026-03-01" }) { nodes { id } } } }`,
      {},
      cast.editor,
    );
    const ids = listed.data.project.ledger.nodes.map(({ id }) => id);
    expect(ids.reverse()).toEqual(entries.map(({ id }) => id));
    const spent = await lines(admin, 'spend.jsonl', {});
    expect(spent.map(({ day, status, amount, runs }) => [day, status, amount, runs])).toEqual([
      ['2026-03-01', 'COMPLETED', '0.050000', 1],
      ['2026-03-02', 'COMPLETED', '0.000000', 1],
      ['2026-03-02', 'FAILED', '0.000000', 1],
    ]);
  });
});
