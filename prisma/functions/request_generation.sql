-- Requests one run, under the lock of its project's row. Returns the run that was made for this request before, or
-- makes the run with its slot, audit entry and event. `closed` is the reason why no run may be made, or NULL. When the
-- run does not fit into a budget, the error of the budget's CHECK is thrown.
--
-- In SQL because the checks and all rows of a new run need one round trip while the project is locked.
-- Called by `request_generations`.
CREATE OR REPLACE FUNCTION "request_generation"(asked jsonb, closed text, progress jsonb,
  OUT outcome text, OUT run uuid, OUT admitted uuid, OUT wakeup uuid, OUT active int) LANGUAGE plpgsql AS $$
DECLARE
  wish CONSTANT generations := jsonb_populate_record(NULL::generations, asked);
  moment CONSTANT timestamptz := clock_timestamp();
  first_status "GenerationStatus";
  has_slot boolean := false;
  known_hash char(64);
BEGIN
  SELECT answer.id, answer.hash INTO run, known_hash FROM (
    SELECT g.id, g.request_hash AS hash FROM generations g
      WHERE g.project_id = wish.project_id AND g.environment = wish.environment AND g.idempotency_key = wish.idempotency_key
    UNION ALL SELECT k.generation_id, k.request_hash FROM answered_keys k
      WHERE k.project_id = wish.project_id AND k.environment = wish.environment AND k.idempotency_key = wish.idempotency_key
    UNION ALL SELECT g.id, wish.request_hash FROM generations g WHERE g.retry_of_id = wish.retry_of_id) answer LIMIT 1;
  IF run IS NOT NULL THEN
    outcome := CASE WHEN known_hash = wish.request_hash THEN 'KNOWN' ELSE 'KEY_REUSED' END;
    RETURN;
  END IF;
  -- The request was checked for its environment, so it makes no run in another one.
  IF wish.environment IS DISTINCT FROM provider_environment() THEN
    outcome := 'OTHER_ENVIRONMENT';
    RETURN;
  END IF;
  IF asked->>'reuse' <> 'NEVER' THEN
    run := reusable_generation(wish.project_id, wish.result_key, CASE asked->>'reuse' WHEN 'SAME_SEED' THEN wish.seed END);
    IF run IS NOT NULL THEN
      outcome := 'KNOWN';
      IF wish.idempotency_key IS NOT NULL THEN
        INSERT INTO answered_keys (project_id, idempotency_key, request_hash, generation_id)
          VALUES (wish.project_id, wish.idempotency_key, wish.request_hash, run);
      END IF;
      RETURN;
    END IF;
  END IF;
  outcome := coalesce(closed, 'MADE');
  IF closed IS NOT NULL THEN RETURN; END IF;

  run := uuid_of_moment(moment);
  first_status := CASE WHEN needs_approval(wish.project_id, wish.hold_micros, wish.batch) THEN 'AWAITING_APPROVAL' ELSE 'QUEUED' END;
  wakeup := gen_random_uuid();
  -- The run is first in line when no other run waits. Then its row is written once, with its slot.
  IF first_status = 'QUEUED' AND NOT EXISTS (
    SELECT 1 FROM generations g WHERE g.project_id = wish.project_id AND g.status = 'QUEUED' AND NOT g.holds_slot) THEN
    UPDATE projects p SET active_generations = p.active_generations + 1 WHERE p.id = wish.project_id
      AND p.active_generations < p.max_concurrent_generations RETURNING p.active_generations INTO active;
    has_slot := FOUND;
    IF has_slot THEN admitted := run; END IF;
  END IF;
  INSERT INTO generations (id, project_id, character_id, idempotency_key, request_hash, model, model_version, prompt, parameters,
    "references", seed, price_micros, hold_micros, price_shape, output_count, result_key, user_id, api_key_id, batch, retry_of_id,
    requested_at, environment, requested_on, status, wakeup_id, holds_slot)
  SELECT run, wish.project_id, wish.character_id, wish.idempotency_key, wish.request_hash, wish.model, wish.model_version,
    wish.prompt, wish.parameters, wish."references", wish.seed, wish.price_micros, wish.hold_micros, wish.price_shape,
    wish.output_count, wish.result_key, wish.user_id, wish.api_key_id, wish.batch, wish.retry_of_id,
    moment, wish.environment, (moment AT TIME ZONE p.time_zone)::date, first_status,
    CASE WHEN has_slot THEN wakeup ELSE gen_random_uuid() END, has_slot
  FROM projects p WHERE p.id = wish.project_id;
  IF NOT has_slot THEN
    SELECT a.id, a.active INTO admitted, active FROM admit_generation(wish.project_id, wakeup) a;
  END IF;
  INSERT INTO audit_entries (project_id, sequence, actor_kind, user_id, api_key_id, action, target_type, target_id, details,
    previous_hash, hash)
  VALUES (wish.project_id, 0, asked->>'actor_kind', wish.user_id, wish.api_key_id, 'GENERATION_REQUESTED', 'Generation', run,
    jsonb_build_object('model', wish.model), '', '');
  PERFORM record_project_event(wish.project_id, 'GENERATION_REQUESTED', run, wish.character_id, NULL, NULL,
    progress || jsonb_build_object('status', first_status));
END
$$;
