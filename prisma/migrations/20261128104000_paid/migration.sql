-- Why a run waits although its turn has come, and since when.
ALTER TABLE "generations" ADD COLUMN "waiting_for" TEXT, ADD COLUMN "waiting_since" TIMESTAMPTZ(3);

-- As before, and every move ends the wait.
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
      p.outputs, p.output_problems, p.pictures, NULL::text, NULL::timestamptz
    FROM jsonb_populate_record(g, asked->'set') p
  )
  WHERE g.id = (asked->>'id')::uuid AND asked->'from' ? g.status::text
    AND (asked->>'token' IS NULL OR g.attempt_token = (asked->>'token')::uuid)
    AND (NOT (asked->>'unlessCanceled')::boolean OR g.cancel_requested_at IS NULL)
  RETURNING g.*;
END
$$;
