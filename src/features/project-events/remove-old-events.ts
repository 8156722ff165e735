import type { Transaction } from '../../platform/db/connect.ts';

const projectsAtOnce = 100;
const batchSize = 1_000;

/**
 * Removes a batch of events that are older than `days`, the oldest of each project first, so that the remaining events
 * have no gap. The project's row is not written, because writers of events lock it. Resolves to the number of removed
 * events.
 */
export async function removeOldEvents(tx: Transaction, days: number): Promise<number> {
  // An event has the time at which its transaction started, so an event with a later number may have an earlier time.
  return tx.$executeRaw`
    WITH due AS (
      SELECT p.id FROM projects p CROSS JOIN LATERAL (
        SELECT at FROM project_events e WHERE e.project_id = p.id ORDER BY sequence LIMIT 1) oldest
      WHERE oldest.at < now() - ${days} * interval '1 day' LIMIT ${projectsAtOnce}
    ), oldest AS (
      SELECT e.project_id, e.sequence, e.at FROM due CROSS JOIN LATERAL (
        SELECT project_id, sequence, at FROM project_events WHERE project_id = due.id ORDER BY sequence LIMIT ${batchSize}) e
      LIMIT ${batchSize}
    ), removable AS (
      SELECT project_id, sequence,
        bool_and(at < now() - ${days} * interval '1 day') OVER (PARTITION BY project_id ORDER BY sequence) AS is_old
      FROM oldest
    )
    DELETE FROM project_events e USING removable r
    WHERE r.is_old AND e.project_id = r.project_id AND e.sequence = r.sequence`;
}
