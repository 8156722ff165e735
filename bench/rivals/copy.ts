import { createServer } from 'node:http';
import pg from 'pg';

/*
 * The least that an export of runs can cost: Postgres writes the CSV itself with `COPY … TO STDOUT`, and a process
 * passes the bytes on to an HTTP response. It checks no rights, has no opaque ids and no protection against formulas,
 * and keeps one transaction open for the whole file. `node bench/rivals/copy.ts`, with DATABASE_URL; `/<project id>`.
 */
const copy = (projectId: string) => `COPY (
  SELECT g.id, g.character_id, c.name, g.model, g.status, g.prompt, g.requested_at, g.finished_at, g.inference_seconds,
    g.hold_micros, g.cost_micros, g.cost_source, g.failure_code, g.pictures, g.discarded, g.batch, g.user_id, g.api_key_id
  FROM generations g JOIN characters c ON c.id = g.character_id WHERE g.project_id = '${projectId}'::uuid
  ORDER BY g.requested_at, g.id
) TO STDOUT (FORMAT csv, HEADER)`;

/** A query whose rows arrive as the bytes of a copy. The methods are those that pg's connection calls. */
class CopyQuery extends pg.Query {
  readonly #take: (bytes: Buffer) => void;

  constructor(text: string, take: (bytes: Buffer) => void, done: (error: Error | undefined) => void) {
    super(text, done);
    this.#take = take;
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.#take(chunk);
  }
}

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
const server = createServer(async (request, response) => {
  const client = await pool.connect();
  let pieces: Buffer[] = [];
  let size = 0;
  const flush = () => {
    const bytes = Buffer.concat(pieces);
    [pieces, size] = [[], 0];
    // The socket of the database is paused while the client does not read.
    if (response.write(bytes)) return;
    client.connection.stream.pause();
    response.once('drain', () => client.connection.stream.resume());
  };
  const query = new CopyQuery(
    copy((request.url ?? '').slice(1)),
    (bytes) => {
      pieces.push(bytes);
      size += bytes.length;
      if (size >= 65_536) flush();
    },
    (error) => {
      if (error) response.destroy(error);
      else response.end(Buffer.concat(pieces));
      // A response that has ended never drains, and the next query needs the socket.
      client.connection.stream.resume();
      client.release();
    },
  );
  client.query(query);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not an address of TCP');
  process.stdout.write(`http://127.0.0.1:${address.port}\n`);
});
