import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromGlobalId, toGlobalId } from '../../../src/platform/reads/global-id.ts';
import { adminKey, Dramatis, eventually } from '../../support/dramatis.ts';
import { insertRun } from '../../support/ended-runs.ts';
import { apiKey, mutate, type Person, team, token } from '../../support/people.ts';

let dramatis: Dramatis;
let cast: Awaited<ReturnType<typeof team>>;
let project: string;
let characterId: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { COST_BURST: '1000000' } });
  cast = await team(dramatis);
  project = fromGlobalId('Project', cast.projectId);
  const input = { projectId: cast.projectId, name: '=HYPERLINK("http://evil.example")' };
  const { character } = await mutate(dramatis, cast.owner, 'createCharacter', input, 'character { id }');
  characterId = fromGlobalId('Character', character.id);
  const run = { projectId: project, characterId };
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
    const ids = listed.data.project.ledger.nodes.map(({ id }: { id: string }) => id);
    expect(ids.reverse()).toEqual(entries.map(({ id }) => id));
    const spent = await lines(admin, 'spend.jsonl', {});
    expect(spent.map(({ day, status, amount, runs }) => [day, status, amount, runs])).toEqual([
      ['2026-03-01', 'COMPLETED', '0.050000', 1],
      ['2026-03-02', 'COMPLETED', '0.000000', 1],
      ['2026-03-02', 'FAILED', '0.000000', 1],
    ]);
  });
});

/** All of it goes through this process twice, also where others keep the machine busy. */
const longMs = 180_000;

describe('a ledger of 200,000 entries', () => {
  const count = 200_000;
  beforeAll(async () => {
    await dramatis.database.query('ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_apply');
    await dramatis.database.query(
      `INSERT INTO ledger_entries (project_id, generation_id, kind, debit, credit, amount_micros, day, model, character_id, source)
       SELECT $1, gen_random_uuid(), 'HOLD', 'HELD', 'AVAILABLE', n, '2026-01-01', 'm', gen_random_uuid(), 'UPPER_BOUND'
       FROM generate_series(1, $2::int) n`,
      [project, count],
    );
  });
  const january = () => ({ projectId: cast.projectId, from: '2026-01-01', to: '2026-01-31' });

  it(
    'passes through without staying in memory',
    async () => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      const used = () => {
        collect();
        const { heapUsed, external } = process.memoryUsage();
        return (heapUsed + external) / 1_048_576;
      };
      const response = await fetchFile(cast.editor, 'ledger.csv', january());
      let [rows, bytes, early, most] = [-1, 0, 0, 0];
      for await (const chunk of response.body ?? []) {
        const before = rows;
        bytes += chunk.length;
        for (const byte of chunk) if (byte === 10) rows += 1;
        if (early === 0 && rows > count / 10) early = used();
        else if (Math.floor(rows / 40_000) > Math.floor(before / 40_000)) most = Math.max(most, used());
      }
      expect(rows).toBe(count);
      expect(bytes / 1_048_576).toBeGreaterThan(40);
      // Client and server are one process here, so it is noisy; who keeps the file keeps all of it.
      expect(most - early).toBeLessThan((bytes / 1_048_576) * 0.75);
    },
    longMs,
  );

  /** Whether no portion has been read, and nobody's rights to one were looked at, for a second. */
  const hasStopped = async () => {
    const rows = await dramatis.database.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dramatis'
         AND (query LIKE '%ledger_entries%' OR query LIKE '%live_api_keys%' OR query LIKE '%"members"%')
         AND (state <> 'idle' OR query_start > now() - interval '1 second')`,
    );
    return rows.length === 0;
  };

  it(
    'is read no faster than it is taken, and to its end all the same',
    async () => {
      const response = await fetchFile(cast.editor, 'ledger.jsonl', january());
      const reader = response.body?.getReader();
      if (!reader) throw new Error('no body');
      let bytes = (await reader.read()).value?.length ?? 0;
      await eventually('the server stops reading', hasStopped);
      const chunks: Uint8Array[] = [];
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        bytes += value.length;
        chunks.push(value);
      }
      expect(bytes).toBeGreaterThan(70 * 1_048_576);
      expect(
        Buffer.from(chunks.at(-1) ?? [])
          .toString()
          .endsWith(`"source":"UPPER_BOUND"}\n`),
      ).toBe(true);
    },
    longMs,
  );

  it.each([
    ['as it is', plain],
    ['compressed', { 'accept-encoding': 'gzip' }],
  ])('is no longer read when nobody waits for it, %s, and that is no fault of ours', async (_, encoding) => {
    const ended = new AbortController();
    const response = await fetchFile(cast.editor, 'ledger.jsonl', january(), {
      signal: ended.signal,
      headers: { authorization: `Bearer ${cast.editor.key}`, ...encoding },
    });
    await response.body?.getReader().read();
    ended.abort();
    await eventually('the server stops reading', hasStopped);
    expect(dramatis.secrets.logged.filter((line) => line.includes('an export was cut short'))).toEqual([]);
  });

  it.each([
    [
      'the key is revoked',
      async (id: string) => mutate(dramatis, cast.owner, 'revokeApiKey', { id }, 'apiKey { id }'),
    ],
  ])('is cut when %s on the way, and never looks whole', async (_, end) => {
    const key = await apiKey(dramatis, cast.owner, cast.projectId);
    const response = await fetchFile(key, 'ledger.jsonl', january());
    const reader = response.body?.getReader();
    await reader?.read();
    await end(key.id);
    const drained = (async () => {
      while (!(await reader?.read())?.done);
    })();
    await expect(drained).rejects.toThrow();
  });

  it('is cut when reading fails on the way', async () => {
    const response = await fetchFile(cast.editor, 'ledger.csv', january());
    const reader = response.body?.getReader();
    await reader?.read();
    await eventually('the server stops reading', hasStopped);
    await dramatis.database.query('ALTER TABLE ledger_entries RENAME TO hidden_entries');
    try {
      const drained = (async () => {
        while (!(await reader?.read())?.done);
      })();
      await expect(drained).rejects.toThrow();
    } finally {
      await dramatis.database.query('ALTER TABLE hidden_entries RENAME TO ledger_entries');
    }
  });

  it('does not keep the server from stopping', async () => {
    const server = await dramatis.startServer();
    const response = await fetch(`${server.url}/exports/ledger.csv?projectId=${cast.projectId}`, {
      headers: { authorization: `Bearer ${cast.editor.key}`, ...plain },
    });
    const reader = response.body?.getReader();
    await reader?.read();
    await server.stop();
    const drained = (async () => {
      while (!(await reader?.read())?.done);
    })();
    await expect(drained).rejects.toThrow();
  });
});
