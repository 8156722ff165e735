import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../../src/platform/reads/global-id.ts';
import { leastInUse } from '../../support/collect-garbage.ts';
import { Dramatis, eventually } from '../../support/dramatis.ts';
import { hearDatabase } from '../../support/heard-database.ts';
import { apiKey, mutate, type Person, team } from '../../support/people.ts';
import { isThorough } from '../../support/thorough.ts';

/** All of it goes through this process twice, also where others keep the machine busy. */
const longMs = 180_000;
/** Entries of the ledger by the last day of an export, from which also follows how many there are of each day. */
const upTo = isThorough
  ? { '2026-01-01': 40_000, '2026-01-02': 100_000, '2026-01-03': 200_000 }
  : { '2026-01-01': 20_000, '2026-01-02': 80_000, '2026-01-03': 100_000 };
type Day = keyof typeof upTo;
/** How many reads of the ledger a whole export is: a thousand entries each, and one that finds no more. */
const readsUpTo = (day: Day) => upTo[day] / 1_000 + 1;

let dramatis: Dramatis;
let database: Awaited<ReturnType<typeof hearDatabase>>;
let cast: Awaited<ReturnType<typeof team>>;
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { COST_BURST: '1000000' }, servers: 0 });
  database = await hearDatabase(dramatis.database.url);
  dramatis.onStop(() => database.close());
  dramatis.environment.DATABASE_URL = database.url;
  dramatis.url = (await dramatis.startServer()).url ?? '';
  cast = await team(dramatis);
  await dramatis.database.query('ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_apply');
  await dramatis.database.query(
    `INSERT INTO ledger_entries (project_id, generation_id, kind, debit, credit, amount_micros, day, model, character_id, source)
     SELECT $1, gen_random_uuid(), 'HOLD', 'HELD', 'AVAILABLE', n, day.last, 'm', gen_random_uuid(), 'UPPER_BOUND'
     FROM generate_series(1, $2::int) n, LATERAL (
       SELECT min(key::date) AS last FROM jsonb_each_text($3::jsonb) WHERE value::int >= n) day`,
    [fromGlobalId('Project', cast.projectId), upTo['2026-01-03'], JSON.stringify(upTo)],
  );
});
afterAll(() => dramatis.stop());

/** Portions of the ledger that the server has asked the database for. */
const reads = () => database.heard.filter(({ text }) => text.includes('FROM ledger_entries l')).length;

/** As it is written: compressed, a file of these sizes would fit into what lies between server and client. */
const plain = { 'accept-encoding': 'identity' };
interface Wanted extends RequestInit {
  readonly to?: Day;
  readonly format?: 'csv' | 'jsonl';
  readonly url?: string;
}
const fetchLedger = (who: Person, wanted: Wanted = {}) => {
  const { to = '2026-01-03', format = 'jsonl', url = dramatis.url, ...more } = wanted;
  const query = new URLSearchParams({ projectId: cast.projectId, from: '2026-01-01', to });
  return fetch(`${url}/exports/ledger.${format}?${query}`, {
    headers: { authorization: `Bearer ${who.key}`, ...plain },
    ...more,
  });
};

/** Reads the first of a file, and lets the server come to a rest. Resolves to the reader. */
async function begin(response: Response) {
  const reader = response.body?.getReader();
  if (!reader) throw new Error('no body');
  let sizeBytes = (await reader.read()).value?.length ?? 0;
  await eventually('the server to read no further', rests);
  return {
    reader,
    /** Reads the rest; resolves to the last piece, and the size of all. */
    async drain() {
      let last = Buffer.alloc(0);
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return { last: last.toString(), sizeBytes };
        sizeBytes += value.length;
        last = Buffer.from(value);
      }
    },
  };
}

/** Whether nothing of the ledger was read while others were answered, with statements of their own. */
async function rests(): Promise<boolean> {
  const before = reads();
  for (let others = 0; others < 30; others += 1) await dramatis.get('{ viewer { kind } }');
  return reads() === before;
}

describe(`a ledger of ${upTo['2026-01-03']} entries`, () => {
  it(
    'passes through without staying in memory',
    async () => {
      const used = async () =>
        (await leastInUse(({ heapUsed, external }) => heapUsed + external)) / 1_048_576;
      const readsBefore = reads();
      const response = await fetchLedger(cast.editor, { format: 'csv' });
      let [rows, bytes, early, most] = [-1, 0, 0, 0];
      for await (const chunk of response.body ?? []) {
        const before = rows;
        bytes += chunk.length;
        for (const byte of chunk) if (byte === 10) rows += 1;
        if (early === 0 && rows > 20_000) early = await used();
        else if (Math.floor(rows / 40_000) > Math.floor(before / 40_000)) most = Math.max(most, await used());
      }
      expect(rows).toBe(upTo['2026-01-03']);
      expect(reads() - readsBefore).toBe(readsUpTo('2026-01-03'));
      expect(bytes / rows).toBeGreaterThan(200);
      // Client and server are one process here, so it is noisy; who keeps the file keeps all of it.
      expect(most - early).toBeLessThan((bytes / 1_048_576) * 0.75);
    },
    longMs,
  );

  it(
    'is read no faster than it is taken, and to its end all the same',
    async () => {
      const readsBefore = reads();
      const to = '2026-01-02';
      const file = await begin(await fetchLedger(cast.editor, { to }));
      expect(reads() - readsBefore).toBeLessThan(readsUpTo(to) / 2);
      const { last, sizeBytes } = await file.drain();
      expect(reads() - readsBefore).toBe(readsUpTo(to));
      expect(sizeBytes / upTo[to]).toBeGreaterThan(350);
      expect(last.endsWith(`"source":"UPPER_BOUND"}\n`)).toBe(true);
    },
    longMs,
  );

  it.each([
    ['as it is', plain],
    ['compressed', { 'accept-encoding': 'gzip' }],
  ])(
    'is no longer read when its reader hangs up, %s, and that is no fault of ours',
    async (_, encoding) => {
      const ended = new AbortController();
      const headers = { authorization: `Bearer ${cast.editor.key}`, ...encoding };
      await begin(await fetchLedger(cast.editor, { signal: ended.signal, headers }));
      const readsBefore = reads();
      ended.abort();
      // If it went on, it would be read as well while another one is.
      const to = '2026-01-01';
      await (await fetchLedger(cast.editor, { to })).text();
      expect(reads() - readsBefore - readsUpTo(to)).toBeLessThanOrEqual(1);
      expect(dramatis.secrets.logged.filter((line) => line.includes('an export was interrupted'))).toEqual(
        [],
      );
    },
    longMs,
  );

  it('is cut when the key is revoked on the way, and never looks whole', async () => {
    const key = await apiKey(dramatis, cast.owner, cast.projectId);
    const file = await begin(await fetchLedger(key));
    await mutate(dramatis, cast.owner, 'revokeApiKey', { id: key.id }, 'apiKey { id }');
    await expect(file.drain()).rejects.toThrow();
  });

  it('is cut when reading fails on the way', async () => {
    const file = await begin(await fetchLedger(cast.editor, { format: 'csv' }));
    await dramatis.database.query('ALTER TABLE ledger_entries RENAME TO hidden_entries');
    try {
      await expect(file.drain()).rejects.toThrow();
    } finally {
      await dramatis.database.query('ALTER TABLE hidden_entries RENAME TO ledger_entries');
    }
  });

  it('does not keep the server from stopping', async () => {
    const server = await dramatis.startServer();
    const file = await begin(await fetchLedger(cast.editor, { format: 'csv', url: server.url ?? '' }));
    await server.stop();
    await expect(file.drain()).rejects.toThrow();
  });
});
