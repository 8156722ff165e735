import { Socket } from 'node:net';
import pg from 'pg';

/*
 * A connection on which an answer is due and no byte comes is ended, together with the idle ones of its pool, because
 * a network that drops a connection does not report it. The socket's own timer does this; a timer for each statement
 * would slow each read. A connection that is given back within a transaction is not used again. Fetching jobs and
 * renewing leases have connections of their own, which are given up before a lease ends.
 */

/** A connection was given up. The error has the shape of the operating system's error for a timeout. */
class Unanswered extends Error {
  readonly code = 'ETIMEDOUT';
  readonly syscall = 'read';
  readonly errno = -110;

  constructor() {
    super('The database left a statement unanswered.');
  }
}

/**
 * Gives a connection up when it is silent for `timeoutMs` while an answer, or its own end, is due: when the other side
 * is gone, perhaps no packet says so. All pending statements fail then. A second call sets another time; 0 means never.
 */
export function endWhenSilent(client: pg.ClientBase, timeoutMs: number, onSilence = () => {}): void {
  const stream = client instanceof pg.Client ? client.connection.stream : null;
  if (!(stream instanceof Socket)) return;
  // The socket's own timer is set once and restarted by each byte. A timer for each statement would slow every read.
  stream.setTimeout(timeoutMs);
  // The event comes also while no statement is pending, and it comes repeatedly.
  stream.removeAllListeners('timeout').on('timeout', () => {
    if (isAnswered(client) && !stream.writableEnded) return;
    stream.destroy(new Unanswered());
    onSilence();
  });
}

/** Ends an idle connection as if it had broken: its pool removes it. */
export function giveUp(client: pg.Client): void {
  client.connection.stream.destroy(new Unanswered());
}

/**
 * Whether the database waits for the next statement. It reads an undocumented property of pg, whose version is pinned.
 */
function isAnswered(client: pg.ClientBase): boolean {
  return 'readyForQuery' in client && client.readyForQuery === true;
}
