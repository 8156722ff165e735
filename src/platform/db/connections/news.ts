import type pg from 'pg';

/** What a session is given whose process sends hints by itself: see `record_project_event`. */
export const newsSession = { 'dramatis.hints': 'after commit' };
/** The condition under which the database then names a project with an event. */
const newsCode = 'DR001';

/** Tells of events that connections of a pool have written. */
export interface News {
  /** Listens on a new connection. */
  watch(client: pg.ClientBase): void;
  /** A connection was given back. Where others wait for one it has its next statement before it says that it is done. */
  released(client: pg.ClientBase): void;
}

/**
 * Tells of each project for which a connection has written events, whichever code or trigger wrote them, once its
 * transaction is over. One that was rolled back is told as well: a hint without news does no harm.
 */
export function createNews(onNews: (projectId: string) => void): News {
  const written = new WeakMap<pg.ClientBase, Set<string>>();

  function tell(client: pg.ClientBase): void {
    const projects = written.get(client);
    if (!projects || projects.size === 0) return;
    const told = [...projects];
    projects.clear();
    for (const projectId of told) onNews(projectId);
  }

  function tellOutside(client: pg.ClientBase): void {
    if (client.getTransactionStatus() === 'I') tell(client);
  }

  return {
    watch(client) {
      const projects = new Set<string>();
      written.set(client, projects);
      client.on('notice', ({ code, message }) => {
        if (code === newsCode && message) projects.add(message);
      });
      // After each statement that was answered and that no other one follows at once.
      client.on('drain', () => tellOutside(client));
      // Its last statement may have committed although no answer came.
      client.on('end', () => tell(client));
    },
    released: tellOutside,
  };
}
