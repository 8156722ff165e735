import type pg from 'pg';
import { z } from 'zod';
import { readGenerations } from '../../src/features/spend/read-generations.ts';
import { readLedger } from '../../src/features/spend/read-ledger.ts';
import { readSpend } from '../../src/features/spend/read-spend.ts';
import { connectDatabase } from '../../src/platform/db/connect.ts';
import { openReader, type Reader, type Statement } from '../../src/platform/reads/reader.ts';
import { createSegmind } from '../../src/platform/segmind/segmind.ts';
import { withClient } from '../support/client.ts';

const portion = 500;
const exports = { spend: readSpend, ledger: readLedger, generations: readGenerations };
const explained = z.tuple([
  z.object({
    'QUERY PLAN': z.tuple([
      z.object({ Plan: z.object({ 'Shared Hit Blocks': z.number(), 'Shared Read Blocks': z.number() }) }),
    ]),
  }),
]);

/** The buffers that Postgres touches for the first and for the last full portion of an export. */
export async function portionsOf(
  databaseUrl: string,
  name: keyof typeof exports,
  projectId: string,
): Promise<{ readonly first: number; readonly last: number; readonly count: number }> {
  const db = connectDatabase(databaseUrl);
  const opened = openReader(databaseUrl);
  const statements: Statement[] = [];
  const reader: Reader = {
    ...opened,
    readEach(statement, take) {
      statements.push(statement);
      return opened.readEach(statement, take);
    },
  };
  try {
    const [{ environment } = { environment: '' }] = await db.$queryRaw<{ environment: string }[]>`
      SELECT provider_environment() AS environment`;
    const segmind = createSegmind({
      apiKey: 'bench',
      baseUrl: 'http://127.0.0.1:1',
      uploadUrl: 'http://127.0.0.1:1',
      maxOutputBytes: 1,
      environment,
    });
    const span = { projectId, from: null, to: null, portion, write: () => '\n' };
    for await (const _ of exports[name]({ db, segmind, reader }, span));
    return await withClient(databaseUrl, async (client) => ({
      first: await buffersOf(client, statements[0]),
      // The last portion is not full.
      last: await buffersOf(client, statements.at(-2)),
      count: statements.length,
    }));
  } finally {
    await opened.close();
    await db.$disconnect();
  }
}

async function buffersOf(client: pg.ClientBase, statement: Statement | undefined): Promise<number> {
  if (!statement) throw new Error('the export has too few portions');
  const text = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement.text}`;
  const { rows } = await client.query(text, statement.values.map(String));
  const { Plan } = explained.parse(rows)[0]['QUERY PLAN'][0];
  return Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks'];
}
