-- Adds a run, or a change of its cost and pictures, to the daily sums that spend reports read: one row for each slice.
-- `seconds` is a histogram of the provider's times, with four places for each doubling. The rows are found through the
-- unique index, also when the planner had no statistics of the table when the session first ran this function.
--
-- In SQL because `roll_up_generation` calls it with the row that is being written.
-- Called by `roll_up_generation`.
CREATE OR REPLACE FUNCTION "roll_up"(run generations, amount bigint, new_runs int, new_pictures int, new_discarded int)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  no_id CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
  run_user CONSTANT uuid := coalesce(run.user_id, no_id);
  run_key CONSTANT uuid := coalesce(run.api_key_id, no_id);
  new_failures CONSTANT int := CASE run.status WHEN 'FAILED' THEN new_runs ELSE 0 END;
  place CONSTANT int := CASE WHEN run.inference_seconds > 0
    THEN least(63, greatest(1, 1 + floor(4 * ln(run.inference_seconds * 4) / ln(2::float8))::int)) ELSE 64 END;
  counts CONSTANT int[] := array_fill(0, ARRAY[place - 1]) || new_runs || array_fill(0, ARRAY[64 - place]);
BEGIN
  PERFORM 1 FROM projects WHERE id = run.project_id FOR NO KEY UPDATE;
  INSERT INTO spend_rollups AS r (project_id, environment, day, slice, model, character_id, user_id, api_key_id, status,
    amount_micros, runs, failures, pictures, discarded, seconds)
  SELECT run.project_id, run.environment, generation_day(run), s.slice, s.model, s.character_id, s.user_id, s.api_key_id,
    run.status::text, amount, new_runs, new_failures, new_pictures, new_discarded, counts
  FROM (VALUES ('MODEL', run.model, no_id, no_id, no_id), ('CHARACTER', '', run.character_id, no_id, no_id),
    ('MEMBER', '', no_id, run_user, no_id), ('API_KEY', '', no_id, no_id, run_key),
    ('ALL', run.model, run.character_id, run_user, run_key)) AS s(slice, model, character_id, user_id, api_key_id)
  ON CONFLICT (project_id, environment, slice, day, model, character_id, user_id, api_key_id, status) DO UPDATE SET
    amount_micros = r.amount_micros + excluded.amount_micros, runs = r.runs + excluded.runs,
    failures = r.failures + excluded.failures, pictures = r.pictures + excluded.pictures,
    discarded = r.discarded + excluded.discarded, seconds[place] = r.seconds[place] + new_runs;
END
$$;
