-- Whether a run alone, or its batch together with it, may cost more than the project allows without an approval. It is
-- exact under the lock of the project's row, because each run of a batch counts the runs before it.
--
-- In SQL because `request_generation` decides it under that lock, in the statement that makes the run.
-- Called by `request_generation` and `needsApproval`.
CREATE OR REPLACE FUNCTION "needs_approval"(project uuid, hold bigint, run_batch text) RETURNS boolean LANGUAGE sql AS $$
  SELECT CASE
    WHEN hold > p.approval_per_run_micros THEN true
    WHEN p.approval_per_batch_micros IS NULL OR run_batch IS NULL THEN false
    ELSE hold + (
      SELECT coalesce(sum(CASE WHEN is_final(g.status) AND g.cost_micros IS NOT NULL THEN g.cost_micros ELSE g.hold_micros END), 0)
      FROM generations g WHERE g.project_id = project AND g.batch = run_batch AND g.environment = provider_environment())
      > p.approval_per_batch_micros
  END FROM projects p WHERE p.id = project
$$;
