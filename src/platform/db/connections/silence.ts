import { Socket } from 'node:net';
import pg from 'pg';

/*
 * A connection on which an answer is due and no byte comes is ended, and the idle ones of its pool with it, because
 * a network that forgets a connection does not say so. The socket's own timer does this; a timer for each statement
 * would cost each read. A connection that comes back within a transaction is not used again. Fetching jobs and
 * renewing leases have connections of their own, which are given up before a lease ends.
 */

/** A connection that was given up. It has the shape of the system's own error for that. */
class Unanswered extends Error {
  readonly code = 'ETIMEDOUT';
  readonly syscall = 'read';
  readonly errno = -110;

  constructor() {
    super('The database left a statement unanswered.');
  }
}

/**
 * Gives a connection up when it is silent for `timeoutMs` while an answer, or its own end, is due: no packet may ever tell
 * that the other side is gone. Everything that waits on it fails then. Called again it sets another time; 0 is never.
 */
export function endWhenSilent(client: pg.ClientBase, timeoutMs: number, onSilence = () => {}): void {
  const stream = client instanceof pg.Client ? client.connection.stream : null;
  if (!(stream instanceof Socket)) return;
  // The socket's own timer: it is set once and moved by each byte, where one for each statement would cost every read.
  stream.setTimeout(timeoutMs);
  // It also comes while nothing is asked, and then again.
  stream.removeAllListeners('timeout').on('timeout', () => {
    if (isAnswered(client) && !stream.writableEnded) return;
    stream.destroy(new Unanswered());
    onSilence();
  });
}

/** Ends an idle connection as if it had broken: its pool takes it out. */
export function giveUp(client: pg.Client): void {
  client.connection.stream.destroy(new Unanswered());
}

/** pg's own note that the database waits for the next statement; pg is pinned. */
function isAnswered(client: pg.ClientBase): boolean {
  return 'readyForQuery' in client && client.readyForQuery === true;
}
