/**
 * Finds the projects whose newest event has another number than expected, or that are gone. The parameters are arrays of
 * the same length: the ids ($1), and the expected numbers ($2; null expects that the project is gone). Returns `id` and
 * `sequence`, which is null for a project that is gone. The event feed sends this statement for all followed projects.
 */
export const changedProjects = `
  SELECT expected.id::text AS id, p.last_sequence::text AS sequence
  FROM unnest($1::uuid[], $2::bigint[]) expected(id, sequence) LEFT JOIN projects p ON p.id = expected.id
  WHERE p.last_sequence IS DISTINCT FROM expected.sequence`;
