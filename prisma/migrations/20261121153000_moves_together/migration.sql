-- Runs of one project that are moved at the same time are moved together: whoever has the project's lock writes for all
-- who wait.

-- A moment as JSON writes it.
CREATE FUNCTION "iso_text"(moment timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- The half of a run that changes, as events keep it.
CREATE FUNCTION "generation_progress"(run generations) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('status', run.status, 'isSlow', run.is_slow, 'cancelRequestedAt', iso_text(run.cancel_requested_at),
    'submittedAt', iso_text(run.submitted_at), 'startedAt', iso_text(run.started_at), 'finishedAt', iso_text(run.finished_at),
    'providerRequestId', run.provider_request_id, 'inferenceSeconds', run.inference_seconds,
    'costMicros', run.cost_micros::text, 'costSource', run.cost_source, 'failureCode', run.failure_code,
    'failureMessage', run.failure_message, 'failureRetryable', run.failure_retryable, 'outputProblems', run.output_problems)
$$;

-- Moves a run that is where the move starts: a compare-and-set. Columns are overlaid with the members of `set`, so one
-- statement serves every move.
CREATE FUNCTION "move_generation"(asked jsonb) RETURNS SETOF generations LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY UPDATE generations g SET (
    status, attempt_token, attempted_at, is_attempt_over, wakeup_id, provider_account, provider_request_id, is_slow,
    cancel_requested_at, submitted_at, started_at, finished_at, inference_seconds, cost_micros, cost_source,
    failure_code, failure_message, failure_retryable, outputs, output_problems, pictures
  ) = (
    SELECT p.status, p.attempt_token, p.attempted_at, p.is_attempt_over, p.wakeup_id, p.provider_account,
      p.provider_request_id, p.is_slow, p.cancel_requested_at, p.submitted_at, p.started_at, p.finished_at,
      p.inference_seconds, p.cost_micros, p.cost_source, p.failure_code, p.failure_message, p.failure_retryable,
      p.outputs, p.output_problems, p.pictures
    FROM jsonb_populate_record(g, asked->'set') p
  )
  WHERE g.id = (asked->>'id')::uuid AND asked->'from' ? g.status::text
    AND (asked->>'token' IS NULL OR g.attempt_token = (asked->>'token')::uuid)
    AND (NOT (asked->>'unlessCanceled')::boolean OR g.cancel_requested_at IS NULL)
  RETURNING g.*;
END
$$;

-- Moves runs of one project, in the order of the array, and tells of each; answers those that were moved. All runs are
-- locked before the project is, in one order, so that two who move the same runs wait and do not block each other.
CREATE FUNCTION "move_generations"(project uuid, asked jsonb) RETURNS TABLE (place int, moved generations) LANGUAGE plpgsql AS $$
DECLARE
  wish jsonb;
BEGIN
  PERFORM 1 FROM generations g WHERE g.id = ANY (ARRAY(SELECT (value->>'id')::uuid FROM jsonb_array_elements(asked)))
    ORDER BY g.id FOR NO KEY UPDATE;
  PERFORM 1 FROM projects p WHERE p.id = project FOR NO KEY UPDATE;
  place := 0;
  FOR wish IN SELECT value FROM jsonb_array_elements(asked) LOOP
    SELECT * INTO moved FROM move_generation(wish);
    IF FOUND THEN
      PERFORM record_project_event(moved.project_id, wish->>'event', moved.id, moved.character_id, NULL, NULL,
        generation_progress(moved));
      RETURN NEXT;
    END IF;
    place := place + 1;
  END LOOP;
END
$$;
