-- CreateTable
CREATE TABLE "submit_intents" (
    "token" UUID NOT NULL,
    "generation_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "submit_intents_pkey" PRIMARY KEY ("token")
);

-- Every intent to submit is kept, whichever code wrote it. A token that is kept already was given up by a review: its
-- intent is refused.
CREATE FUNCTION "record_submit_intent"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO submit_intents (token, generation_id) VALUES (NEW.attempt_token, NEW.id);
  RETURN NULL;
END
$$;
CREATE TRIGGER "record_submit_intent" AFTER UPDATE ON "generations" FOR EACH ROW
  WHEN (NEW.status = 'SUBMITTING' AND NEW.attempt_token IS NOT NULL AND NEW.attempt_token IS DISTINCT FROM OLD.attempt_token)
  EXECUTE FUNCTION "record_submit_intent"();

-- As before; every move ends the wait, and a move may also be for a run that no attempt holds (`orUnheld`).
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
    AND (g.attempt_token = (asked->>'token')::uuid
      OR CASE WHEN (asked->>'orUnheld')::boolean THEN g.attempt_token IS NULL ELSE asked->>'token' IS NULL END)
    AND (NOT (asked->>'unlessCanceled')::boolean OR g.cancel_requested_at IS NULL)
  RETURNING g.*;
END
$$;

-- Moments of two databases are compared no more.
DELETE FROM "settings" WHERE "name" IN ('reviewed-until', 'newest-removed-attempt');
