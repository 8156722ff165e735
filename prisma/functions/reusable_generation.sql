-- The run that answers a request with the same inputs: a completed run with a picture that was not discarded, otherwise
-- a run under way. A run that waits for approval, and a run of another environment, do not count. Under the lock of the
-- project's row no other request makes the same run meanwhile.
--
-- In SQL because `request_generation` decides it under that lock, in the statement that makes the run.
-- Called by `request_generation`.
CREATE OR REPLACE FUNCTION "reusable_generation"(project uuid, result char(64), wanted_seed bigint) RETURNS uuid LANGUAGE sql AS $$
  SELECT g.id FROM generations g
  WHERE g.project_id = project AND g.result_key = result AND (wanted_seed IS NULL OR g.seed = wanted_seed)
    AND g.environment = provider_environment()
    AND (g.status = 'COMPLETED' AND g.pictures > g.discarded
      OR g.cancel_requested_at IS NULL AND NOT is_final(g.status) AND g.status NOT IN ('UNCERTAIN', 'AWAITING_APPROVAL'))
  ORDER BY g.status = 'COMPLETED' DESC, g.requested_at DESC, g.id DESC LIMIT 1
$$;
