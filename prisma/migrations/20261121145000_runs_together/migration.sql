-- Runs that are asked for at the same time are written together: whoever has the project's lock writes for all who wait.

-- A UUID of version 7 that is exact to a quarter of a microsecond: what is made later under the same lock sorts later.
CREATE FUNCTION "uuid_of_moment"(moment timestamptz) RETURNS uuid LANGUAGE sql AS $$
  SELECT (lpad(to_hex(microseconds / 1000), 12, '0') || '7' || lpad(to_hex(microseconds % 1000 * 4096 / 1000), 3, '0')
    || substr(gen_random_uuid()::text, 20))::uuid
  FROM (SELECT (extract(epoch FROM moment) * 1000000)::bigint AS microseconds) clock
$$;

-- Whether a run, or its batch with it, may cost more than the project lets pass. Exact under the project's lock: of a
-- batch's runs each counts those before it.
CREATE FUNCTION "needs_approval"(project uuid, hold bigint, run_batch text) RETURNS boolean LANGUAGE sql AS $$
  SELECT CASE
    WHEN hold > p.approval_per_run_micros THEN true
    WHEN p.approval_per_batch_micros IS NULL OR run_batch IS NULL THEN false
    ELSE hold + (
      SELECT coalesce(sum(CASE WHEN is_final(g.status) AND g.cost_micros IS NOT NULL THEN g.cost_micros ELSE g.hold_micros END), 0)
      FROM generations g WHERE g.project_id = project AND g.batch = run_batch) > p.approval_per_batch_micros
  END FROM projects p WHERE p.id = project
$$;

-- The run that another one like it need not be bought for: completed with a picture that was not discarded, else one that
-- is under way; not one that an owner may still turn down. Under the project's lock nobody buys it in the meantime.
CREATE FUNCTION "reusable_generation"(project uuid, result char(64), wanted_seed bigint) RETURNS uuid LANGUAGE sql AS $$
  SELECT g.id FROM generations g
  WHERE g.project_id = project AND g.result_key = result AND (wanted_seed IS NULL OR g.seed = wanted_seed)
    AND (g.status = 'COMPLETED' AND g.pictures > g.discarded
      OR g.cancel_requested_at IS NULL AND NOT is_final(g.status) AND g.status NOT IN ('UNCERTAIN', 'AWAITING_APPROVAL'))
  ORDER BY g.status = 'COMPLETED' DESC, g.requested_at DESC, g.id DESC LIMIT 1
$$;

-- Asks for one run under its project's lock: answers with the run that was made for this request before, or makes it with
-- all that belongs to it. `closed` is why nothing may be made; the CHECK of a budget without room is thrown on.
CREATE FUNCTION "request_generation"(asked jsonb, closed text, progress jsonb,
  OUT outcome text, OUT run uuid, OUT admitted uuid, OUT wakeup uuid, OUT active int) LANGUAGE plpgsql AS $$
DECLARE
  wish CONSTANT generations := jsonb_populate_record(NULL::generations, asked);
  moment CONSTANT timestamptz := clock_timestamp();
  first_status "GenerationStatus";
  known_hash char(64);
BEGIN
  SELECT answer.id, answer.hash INTO run, known_hash FROM (
    SELECT g.id, g.request_hash AS hash FROM generations g
      WHERE g.project_id = wish.project_id AND g.idempotency_key = wish.idempotency_key
    UNION ALL SELECT k.generation_id, k.request_hash FROM answered_keys k
      WHERE k.project_id = wish.project_id AND k.idempotency_key = wish.idempotency_key
    UNION ALL SELECT g.id, wish.request_hash FROM generations g WHERE g.retry_of_id = wish.retry_of_id) answer LIMIT 1;
  IF run IS NOT NULL THEN
    outcome := CASE WHEN known_hash = wish.request_hash THEN 'KNOWN' ELSE 'KEY_REUSED' END;
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
  INSERT INTO generations (id, project_id, character_id, idempotency_key, request_hash, model, model_version, prompt, parameters,
    "references", seed, price_micros, hold_micros, price_shape, output_count, result_key, user_id, api_key_id, batch, retry_of_id,
    requested_at, status, wakeup_id)
  VALUES (run, wish.project_id, wish.character_id, wish.idempotency_key, wish.request_hash, wish.model, wish.model_version,
    wish.prompt, wish.parameters, wish."references", wish.seed, wish.price_micros, wish.hold_micros, wish.price_shape,
    wish.output_count, wish.result_key, wish.user_id, wish.api_key_id, wish.batch, wish.retry_of_id,
    moment, first_status, gen_random_uuid());
  wakeup := gen_random_uuid();
  SELECT a.id, a.active INTO admitted, active FROM admit_generation(wish.project_id, wakeup) a;
  INSERT INTO audit_entries (project_id, sequence, actor_kind, user_id, api_key_id, action, target_type, target_id, details,
    previous_hash, hash)
  VALUES (wish.project_id, 0, asked->>'actor_kind', wish.user_id, wish.api_key_id, 'GENERATION_REQUESTED', 'Generation', run,
    jsonb_build_object('model', wish.model), '', '');
  PERFORM record_project_event(wish.project_id, 'GENERATION_REQUESTED', run, wish.character_id, NULL, NULL,
    progress || jsonb_build_object('status', first_status));
END
$$;

-- Asks for runs of one project, in the order of the array. Each is written whole or not at all, and one that a budget
-- refuses leaves the others as they are.
CREATE FUNCTION "request_generations"(project uuid, asked jsonb, progress jsonb)
RETURNS TABLE (place int, outcome text, run uuid, admitted uuid, wakeup uuid, active int) LANGUAGE plpgsql AS $$
DECLARE
  closed text;
  request jsonb;
  refused_by text;
BEGIN
  SELECT CASE WHEN p.deleting_at IS NOT NULL THEN 'PROJECT_DELETING' WHEN p.archived_at IS NOT NULL THEN 'PROJECT_ARCHIVED' END
    INTO closed FROM projects p WHERE p.id = project FOR NO KEY UPDATE;
  IF NOT FOUND THEN closed := 'PROJECT_GONE'; END IF;
  place := 0;
  FOR request IN SELECT value FROM jsonb_array_elements(asked) LOOP
    BEGIN
      SELECT r.outcome, r.run, r.admitted, r.wakeup, r.active INTO outcome, run, admitted, wakeup, active
        FROM request_generation(request, closed, progress) r;
    EXCEPTION WHEN check_violation THEN
      GET STACKED DIAGNOSTICS refused_by = CONSTRAINT_NAME;
      IF refused_by <> 'budget_windows_cap_check' THEN RAISE; END IF;
      SELECT 'OVER_BUDGET', NULL, NULL, NULL, NULL INTO outcome, run, admitted, wakeup, active;
    END;
    RETURN NEXT;
    place := place + 1;
  END LOOP;
END
$$;
