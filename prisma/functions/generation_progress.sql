-- The part of a run that changes, as events keep it. The row of a run has the problems of all its outputs, an event has
-- the first hundred of them. `writeProgress` writes the same in TypeScript; the two must stay equal.
--
-- In SQL because `move_generations` writes the event of a run from the row that it has just changed.
-- Called by `move_generations`.
CREATE OR REPLACE FUNCTION "generation_progress"(run generations) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('status', run.status, 'isSlow', run.is_slow, 'cancelRequestedAt', iso_text(run.cancel_requested_at),
    'submittedAt', iso_text(run.submitted_at), 'startedAt', iso_text(run.started_at), 'finishedAt', iso_text(run.finished_at),
    'providerRequestId', run.provider_request_id, 'inferenceSeconds', run.inference_seconds,
    'costMicros', run.cost_micros::text, 'costSource', run.cost_source, 'failureCode', run.failure_code,
    'failureMessage', run.failure_message, 'failureRetryable', run.failure_retryable,
    'outputProblems', CASE WHEN jsonb_path_exists(run.output_problems, '$[100]')
      THEN jsonb_path_query_array(run.output_problems, '$[0 to 99]') ELSE run.output_problems END)
$$;
