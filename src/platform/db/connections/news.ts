import type pg from 'pg';

/** What a session is given whose process sends hints by itself: see `record_project_event`. */
export const newsSession = { 'dramatis.hints': 'after commit' };
/** The condition under which the database then names a project with an event. */
const newsCode = 'DR001';

/**
 * Tells of each project for which a connection has written events, whichever code or trigger wrote them, once its
 * transaction is over. One that was rolled back is told as well: a hint without news does no harm.
 */
export function tellNews(client: pg.ClientBase, onNews: (projectId: string) => void): void {
  const projects = new Set<string>();
  client.on('notice', ({ code, message }) => {
    if (code === newsCode && message) projects.add(message);
  });
  // After each statement that was answered.
  client.on('drain', () => {
    if (projects.size === 0 || client.getTransactionStatus() !== 'I') return;
    const told = [...projects];
    projects.clear();
    for (const projectId of told) onNews(projectId);
  });
}
