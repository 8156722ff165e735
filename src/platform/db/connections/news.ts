import type pg from 'pg';

/** The setting of a session whose process sends hints by itself: see `record_project_event`. */
export const newsSession = { 'dramatis.hints': 'after commit' };
/** The code of the notice with which the database then names a project that has an event. */
const newsCode = 'DR001';

/** Reports the events that connections of a pool have written. */
export interface News {
  /** Listens on a new connection. */
  watch(client: pg.ClientBase): void;
  /**
   * A connection was given back. When others wait for a connection, this one gets its next statement before it emits
   * `drain`.
   */
  released(client: pg.ClientBase): void;
}

/**
 * Reports each project for which a connection has written events, once the transaction is over, whichever code or
 * trigger wrote them. A transaction that was rolled back is reported also: a hint without an event does no harm.
 */
export function createNews(onNews: (projectId: string) => void): News {
  const written = new WeakMap<pg.ClientBase, Set<string>>();

  function report(client: pg.ClientBase): void {
    const projects = written.get(client);
    if (!projects || projects.size === 0) return;
    const reported = [...projects];
    projects.clear();
    for (const projectId of reported) onNews(projectId);
  }

  function reportOutside(client: pg.ClientBase): void {
    if (client.getTransactionStatus() === 'I') report(client);
  }

  return {
    watch(client) {
      const projects = new Set<string>();
      written.set(client, projects);
      client.on('notice', ({ code, message }) => {
        if (code === newsCode && message) projects.add(message);
      });
      // `drain` follows each answered statement, unless another statement follows at once.
      client.on('drain', () => reportOutside(client));
      // The last statement may have committed although no answer came.
      client.on('end', () => report(client));
    },
    released: reportOutside,
  };
}
