-- Moves a run from one status to another, if it is in a status that the move starts from: a compare-and-set. `asked`
-- has the id of the run, the statuses that the move starts from, the token of the attempt that makes the move, and in
-- `set` the columns that change. Each move ends the run's wait; a run that comes to the queue without a slot waits for
-- a slot from now on. `orUnheld` also moves a run that no attempt holds. `unlessCanceled` does not move a run whose
-- cancellation was requested. Returns the row, or no row when the run was not moved.
--
-- In SQL because one statement serves every move, and many are made in one round trip.
-- Called by `move_generations` and `moveGenerationIn`.
CREATE OR REPLACE FUNCTION "move_generation"(asked jsonb) RETURNS SETOF generations LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY UPDATE generations g SET (
    status, attempt_token, attempted_at, is_attempt_over, wakeup_id, provider_account, provider_request_id, is_slow,
    cancel_requested_at, submitted_at, started_at, finished_at, inference_seconds, cost_micros, cost_source,
    failure_code, failure_message, failure_retryable, outputs, output_problems, pictures, waiting_for, waiting_since
  ) = (
    SELECT p.status, p.attempt_token, p.attempted_at, p.is_attempt_over, p.wakeup_id, p.provider_account,
      p.provider_request_id, p.is_slow, p.cancel_requested_at, p.submitted_at, p.started_at, p.finished_at,
      p.inference_seconds, p.cost_micros, p.cost_source, p.failure_code, p.failure_message, p.failure_retryable,
      p.outputs, p.output_problems, p.pictures,
      CASE WHEN p.status = 'QUEUED' AND NOT g.holds_slot THEN 'SLOT' END,
      CASE WHEN p.status = 'QUEUED' AND NOT g.holds_slot THEN now() END
    FROM jsonb_populate_record(g, asked->'set') p
  )
  WHERE g.id = (asked->>'id')::uuid AND asked->'from' ? g.status::text
    AND (g.attempt_token = (asked->>'token')::uuid
      OR CASE WHEN (asked->>'orUnheld')::boolean THEN g.attempt_token IS NULL ELSE asked->>'token' IS NULL END)
    AND (NOT (asked->>'unlessCanceled')::boolean OR g.cancel_requested_at IS NULL)
  RETURNING g.*;
END
$$;
