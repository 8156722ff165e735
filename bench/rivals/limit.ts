import { createServer } from 'node:http';
import pg from 'pg';
import { z } from 'zod';
import { characterQuery, libraryQuery, namesQuery } from '../support/questions.ts';

/*
 * The limit of one core: node:http, pg, and a serializer written by hand for each of three documents. Each level has
 * one prepared statement, rows are read as text, and a response is one write. It authenticates no client and checks
 * nothing.
 */
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: 20,
  options: '-c timezone=UTC -c datestyle=ISO',
});

type Row = readonly (string | null)[];
const asText = { getTypeParser: () => (text: string) => text };

/** A statement for the rows of many parents: in the order of the parents, at most `first` for each. */
const below = (columns: string, table: string, order: string, first: number) =>
  `SELECT p.n, r.* FROM unnest($1::uuid[]) WITH ORDINALITY AS p(id, n) CROSS JOIN LATERAL (
     SELECT ${columns} FROM ${table} WHERE character_id = p.id ORDER BY ${order} DESC, id DESC LIMIT ${first}) r ORDER BY p.n`;

const charactersOf = (columns: string) =>
  `SELECT ${columns} FROM characters WHERE project_id = $1 ORDER BY created_at DESC, id DESC LIMIT 50`;
const characterColumns = 'id, name, description, appearance, to_json(tags), created_at, updated_at';

const sql = {
  characters: charactersOf(characterColumns),
  names: charactersOf('id, name'),
  references: below('id, kind, label, created_at', 'reference_images', 'created_at', 3),
  labels: below('id, label', 'reference_images', 'created_at', 3),
  runs: below(
    'id, status, prompt, batch, model_version, is_slow, cost_micros, requested_at, submitted_at, finished_at, inference_seconds',
    'generations',
    'requested_at',
    5,
  ),
  runIds: below('id', 'generations', 'requested_at', 5),
  character: `SELECT ${characterColumns} FROM characters WHERE id = $1`,
};

async function read(name: keyof typeof sql, values: unknown[]): Promise<Row[]> {
  const query = { name, text: sql[name], values, rowMode: 'array', types: asText } as const;
  return (await pool.query<(string | null)[]>(query)).rows;
}

/** A text that needs no escape in JSON: no control character, quote, backslash or half of a surrogate pair. */
const plain = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;
const text = (value: string | null | undefined) =>
  value == null ? 'null' : plain.test(value) ? `"${value}"` : JSON.stringify(value);
const idOf = (type: string, id: string | null | undefined) =>
  `"${Buffer.from(`${type}:${id}`, 'latin1').toString('base64url')}"`;
/** Converts Postgres' format `2026-05-01 12:00:00.12+00`, which omits trailing zeros. */
function moment(value: string | null | undefined): string {
  if (value == null) return 'null';
  const millis = value.length === 22 ? '.000' : value.slice(19, -3).padEnd(4, '0');
  return `"${value.slice(0, 10)}T${value.slice(11, 19)}${millis}Z"`;
}
function dollars(micros: string | null | undefined): string {
  if (micros == null) return 'null';
  const digits = micros.padStart(7, '0');
  return `"${digits.slice(0, -6)}.${digits.slice(-6)}"`;
}

/** The JSON lists of the rows of each parent, in the order of the parents. */
function listsOf(rows: readonly Row[], parents: number, write: (row: Row) => string): string[] {
  const lists = new Array<string>(parents).fill('');
  for (const row of rows) {
    const place = Number(row[0]) - 1;
    lists[place] = lists[place] ? `${lists[place]},${write(row)}` : write(row);
  }
  return lists;
}

const writeCharacter = (row: Row) =>
  `"id":${idOf('Character', row[0])},"name":${text(row[1])},"description":${text(row[2])},"appearance":${text(row[3])},"tags":${row[4]},"createdAt":${moment(row[5])},"updatedAt":${moment(row[6])}`;
const writeName = (row: Row) => `"id":${idOf('Character', row[0])},"name":${text(row[1])}`;
// A row below a character begins with the place of its parent.
const writeReference = (row: Row) =>
  `{"id":${idOf('ReferenceImage', row[1])},"kind":"${row[2]}","label":${text(row[3])},"createdAt":${moment(row[4])}}`;
const writeLabel = (row: Row) => `{"id":${idOf('ReferenceImage', row[1])},"label":${text(row[2])}}`;
const writeRun = (row: Row) =>
  `{"id":${idOf('Generation', row[1])},"status":"${row[2]}","prompt":${text(row[3])},"batch":${text(row[4])},"modelVersion":${text(row[5])},"isSlow":${row[6] === 't'},"cost":${dollars(row[7])},"requestedAt":${moment(row[8])},"submittedAt":${moment(row[9])},"finishedAt":${moment(row[10])},"inferenceSeconds":${row[11]}}`;
const writeRunId = (row: Row) => `{"id":${idOf('Generation', row[1])}}`;

/** One level: a prepared statement, and the function that writes each of its rows. */
type Level = readonly [name: keyof typeof sql, write: (row: Row) => string];

async function nested(
  projectId: string,
  [ofCharacters, writeCharacter]: Level,
  [ofReferences, writeReference]: Level,
  [ofRuns, writeRun]: Level,
): Promise<string> {
  const characters = await read(ofCharacters, [projectId]);
  const ids = characters.map(([id]) => id);
  const [references, runs] = await Promise.all([read(ofReferences, [ids]), read(ofRuns, [ids])]);
  const referenceLists = listsOf(references, ids.length, writeReference);
  const runLists = listsOf(runs, ids.length, writeRun);
  const nodes = characters.map(
    (row, place) =>
      `{${writeCharacter(row)},"referenceImages":[${referenceLists[place]}],"generations":{"nodes":[${runLists[place]}]}}`,
  );
  return `{"data":{"project":{"characters":{"nodes":[${nodes.join(',')}]}}}}`;
}

const rowId = (globalId: string | undefined) =>
  Buffer.from(globalId ?? '', 'base64url')
    .toString('latin1')
    .split(':')[1] ?? '';

type Answer = (variables: { readonly projectId?: string; readonly id?: string }) => Promise<string>;
const answers = new Map<string, Answer>([
  [
    libraryQuery,
    ({ projectId }) =>
      nested(
        rowId(projectId),
        ['characters', writeCharacter],
        ['references', writeReference],
        ['runs', writeRun],
      ),
  ],
  [
    namesQuery,
    ({ projectId }) =>
      nested(rowId(projectId), ['names', writeName], ['labels', writeLabel], ['runIds', writeRunId]),
  ],
  [
    characterQuery,
    async ({ id }) => {
      const [row] = await read('character', [rowId(id)]);
      return row ? `{"data":{"character":{${writeCharacter(row)}}}}` : '{"data":{"character":null}}';
    },
  ],
]);

const asked = z.object({
  query: z.string(),
  variables: z.object({ projectId: z.string().optional(), id: z.string().optional() }),
});

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', async () => {
    const { query, variables } = asked.parse(JSON.parse(Buffer.concat(chunks).toString()));
    // One flat buffer, because a concatenated string is copied again for each write.
    const body = Buffer.from((await answers.get(query)?.(variables)) ?? '{"errors":[]}');
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': body.length,
    });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  process.stdout.write(`${JSON.stringify({ msg: 'listening', url: `http://127.0.0.1:${port}` })}\n`);
});
process.on('SIGTERM', () => process.exit(0));
