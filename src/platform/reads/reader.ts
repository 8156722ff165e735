import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type pg from 'pg';
import { toError } from '../../errors.ts';
import { type ConnectionOptions, lifetimeSeconds, openPool } from '../db/connections/open.ts';
import { createTurns, sharing } from '../db/turns.ts';
import { TextQuery } from './text-query.ts';
import type { TextRow } from './view.ts';

/** A statement and what its places stand for. */
export interface Statement {
  readonly text: string;
  readonly values: readonly (string | number)[];
  /** Which plan is good depends on the values: none is kept. */
  readonly isPlannedAnew?: boolean;
}

/** Reads for lists and libraries: whole results as Postgres' own text. */
export interface Reader {
  read(statement: Statement): Promise<TextRow[]>;
  /** Hands over each row when it arrives, so that no row stays in memory. An error of `take` fails the read. */
  readEach(statement: Statement, take: (row: TextRow) => void): Promise<void>;
  /**
   * Reads the row whose first column is `key`; null where there is none. While two such statements of a name are on their
   * way, new requests collect for the next. It begins after they asked, so no answer is outdated.
   */
  readOne(
    name: string,
    key: string,
    statement: (keys: readonly string[]) => Statement,
  ): Promise<TextRow | null>;
  close(): Promise<void>;
}

/** A statement of this many uses is worth being planned once for each connection. */
const usesBeforeNamed = 3;
/** Each costs memory on each connection, and clients choose what they select. */
const mostNames = 300;

/** Opens connections of its own; they are made when first needed. */
export function openReader(databaseUrl: string, options: ConnectionOptions = {}): Reader {
  return readerOn(openPool(databaseUrl, 'reads', options));
}

/** Reads on the connections of a pool. `close` ends the pool. */
export function readerOn(pool: pg.Pool): Reader {
  const nameOf = createNames();
  const turns = createTurns(sharing);

  async function send(statement: Statement, take: (row: TextRow) => void): Promise<void> {
    const { text, values, isPlannedAnew = false } = statement;
    const client = await pool.connect();
    let failure: Error | undefined;
    try {
      await TextQuery.read(client, text, values, isPlannedAnew ? undefined : nameOf(text), take);
    } catch (error) {
      failure = toError(error);
      throw error;
    } finally {
      // A connection on which something failed is not used again.
      client.release(failure);
    }
  }

  async function read(statement: Statement): Promise<TextRow[]> {
    const rows: TextRow[] = [];
    await send(statement, (row) => rows.push(row));
    return rows;
  }

  async function readEach(statement: Statement, take: (row: TextRow) => void): Promise<void> {
    let problem: Error | undefined;
    await send(statement, (row) => {
      if (problem) return;
      try {
        take(row);
      } catch (error) {
        // Thrown here, it would reach the socket of the connection instead of the caller.
        problem = toError(error);
      }
    });
    if (problem) throw problem;
  }

  return {
    read,
    readEach,
    readOne(name, key, statement) {
      return turns.share(name, key, async (keys) => {
        const rows = await read(statement([...new Set(keys)]));
        const found = new Map(rows.map((row) => [row[0], row]));
        return keys.map((each) => found.get(each) ?? null);
      });
    },
    close: () => pool.end(),
  };
}

/** Names for statements that come again and again; a bounded number in the lifetime of a connection. */
function createNames(): (text: string) => string | undefined {
  const uses = new LRUCache<string, number>({ max: 1_000 });
  let names = new Map<string, string>();
  let endsAt = 0;
  return (text) => {
    const now = performance.now();
    if (now > endsAt) {
      names = new Map();
      endsAt = now + lifetimeSeconds * 1_000;
    }
    const known = names.get(text);
    if (known !== undefined || names.size >= mostNames) return known;
    const count = (uses.get(text) ?? 0) + 1;
    uses.set(text, count);
    if (count < usesBeforeNamed) return undefined;
    const name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    names.set(text, name);
    return name;
  };
}
