import { createHmac, createSecretKey } from 'node:crypto';
import { createServer } from 'node:http';
import pg from 'pg';
import { z } from 'zod';
import { characterQuery, libraryQuery, namesQuery, picturesQuery } from '../support/questions.ts';

/*
 * The limit of one core: node:http, pg, and a serializer written by hand for each of four documents. Each level has
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
  referencePictures: below('id, kind, label, created_at, image_id', 'reference_images', 'created_at', 3),
  runPictures: `SELECT p.n, r.image_id FROM unnest($1::uuid[]) WITH ORDINALITY AS p(id, n) CROSS JOIN LATERAL (
     SELECT image_id FROM generated_images WHERE generation_id = p.id ORDER BY index, id LIMIT 100) r ORDER BY p.n`,
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
const writeReferenceMembers = (row: Row) =>
  `"id":${idOf('ReferenceImage', row[1])},"kind":"${row[2]}","label":${text(row[3])},"createdAt":${moment(row[4])}`;
const writeReference = (row: Row) => `{${writeReferenceMembers(row)}}`;
const writeLabel = (row: Row) => `{"id":${idOf('ReferenceImage', row[1])},"label":${text(row[2])}}`;
const writeRunMembers = (row: Row) =>
  `"id":${idOf('Generation', row[1])},"status":"${row[2]}","prompt":${text(row[3])},"batch":${text(row[4])},"modelVersion":${text(row[5])},"isSlow":${row[6] === 't'},"cost":${dollars(row[7])},"requestedAt":${moment(row[8])},"submittedAt":${moment(row[9])},"finishedAt":${moment(row[10])},"inferenceSeconds":${row[11]}`;
const writeRun = (row: Row) => `{${writeRunMembers(row)}}`;
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
  return whole(characters, writeCharacter, referenceLists, runLists);
}

/** The response: the characters, each with its two lists. */
function whole(
  characters: readonly Row[],
  writeCharacter: (row: Row) => string,
  references: readonly string[],
  runs: readonly string[],
): string {
  const nodes = characters.map(
    (row, place) =>
      `{${writeCharacter(row)},"referenceImages":[${references[place]}],"generations":{"nodes":[${runs[place]}]}}`,
  );
  return `{"data":{"project":{"characters":{"nodes":[${nodes.join(',')}]}}}}`;
}

const { rows: secrets } = await pool.query<{ value: string }>(
  "SELECT value FROM settings WHERE name = 'image-url-key'",
);
const secret = createSecretKey(secrets[0]?.value ?? '', 'hex');
/** The address of the server whose addresses it signs. */
const publicUrl = process.env.PUBLIC_URL;
const lifetimeMs = 24 * 60 * 60 * 1_000;

/** Writes pictures with their signed addresses, which are the addresses of the server. */
function writePictures(): (imageId: string | null | undefined) => string {
  const expiresAt = ((Math.floor(Date.now() / lifetimeMs) + 2) * lifetimeMs) / 1_000;
  return (imageId) => {
    const signature = createHmac('sha256', secret)
      .update(`${imageId}\n256\nWEBP\n${expiresAt}`)
      .digest('base64url');
    return `"image":{"url":"${publicUrl}/images/${imageId}?w=256&f=webp&exp=${expiresAt}&sig=${signature}"}`;
  };
}

/** The library with pictures. The rows of runs name no picture, so their pictures are read last. */
async function illustrated(projectId: string): Promise<string> {
  const writePicture = writePictures();
  const characters = await read('characters', [projectId]);
  const ids = characters.map(([id]) => id);
  const [references, runs] = await Promise.all([read('referencePictures', [ids]), read('runs', [ids])]);
  const completed = runs.filter((row) => row[2] === 'COMPLETED');
  const pictures = await read('runPictures', [completed.map((row) => row[1])]);
  const pictureLists = listsOf(pictures, completed.length, (row) => `{${writePicture(row[1])}}`);
  const picturesOf = new Map(completed.map((row, place) => [row, pictureLists[place]]));
  const referenceLists = listsOf(
    references,
    ids.length,
    (row) => `{${writeReferenceMembers(row)},${writePicture(row[5])}}`,
  );
  const runLists = listsOf(
    runs,
    ids.length,
    (row) => `{${writeRunMembers(row)},"images":[${picturesOf.get(row) ?? ''}]}`,
  );
  return whole(characters, writeCharacter, referenceLists, runLists);
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
  [picturesQuery, ({ projectId }) => illustrated(rowId(projectId))],
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
