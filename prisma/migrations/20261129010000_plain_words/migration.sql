-- A function may call one that is made after it.
SET LOCAL check_function_bodies = off;

-- As in prisma/functions/admit_generation.sql.
CREATE OR REPLACE FUNCTION "admit_generation"(project uuid, wakeup uuid) RETURNS TABLE (id uuid, active int) LANGUAGE plpgsql AS $$
DECLARE
  next_run uuid;
  now_active int;
BEGIN
  PERFORM 1 FROM projects p WHERE p.id = project AND p.deleting_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  -- A transaction that has locked a run waits for the project. A locked run is skipped, because waiting would deadlock.
  SELECT g.id INTO next_run FROM generations g WHERE g.project_id = project AND g.status = 'QUEUED' AND NOT g.holds_slot
    ORDER BY g.requested_at, g.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
  IF next_run IS NULL THEN RETURN; END IF;
  BEGIN
    UPDATE projects p SET active_generations = p.active_generations + 1 WHERE p.id = project
      RETURNING p.active_generations INTO now_active;
  EXCEPTION WHEN check_violation THEN RETURN;
  END;
  UPDATE generations g SET holds_slot = true, wakeup_id = wakeup WHERE g.id = next_run;
  RETURN QUERY SELECT next_run, now_active;
END
$$;

-- As in prisma/functions/request_generation.sql.
CREATE OR REPLACE FUNCTION "request_generation"(asked jsonb, closed text, progress jsonb,
  OUT outcome text, OUT run uuid, OUT admitted uuid, OUT wakeup uuid, OUT active int) LANGUAGE plpgsql AS $$
DECLARE
  wish CONSTANT generations := jsonb_populate_record(NULL::generations, asked);
  moment CONSTANT timestamptz := clock_timestamp();
  first_status "GenerationStatus";
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
  INSERT INTO generations (id, project_id, character_id, idempotency_key, request_hash, model, model_version, prompt, parameters,
    "references", seed, price_micros, hold_micros, price_shape, output_count, result_key, user_id, api_key_id, batch, retry_of_id,
    requested_at, environment, requested_on, status, wakeup_id)
  SELECT run, wish.project_id, wish.character_id, wish.idempotency_key, wish.request_hash, wish.model, wish.model_version,
    wish.prompt, wish.parameters, wish."references", wish.seed, wish.price_micros, wish.hold_micros, wish.price_shape,
    wish.output_count, wish.result_key, wish.user_id, wish.api_key_id, wish.batch, wish.retry_of_id,
    moment, wish.environment, (moment AT TIME ZONE p.time_zone)::date, first_status, gen_random_uuid()
  FROM projects p WHERE p.id = wish.project_id;
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

-- As in prisma/functions/roll_up.sql.
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

-- As in prisma/triggers/apply_ledger_entries.sql.
CREATE OR REPLACE FUNCTION "apply_ledger_entries"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM projects WHERE id IN (SELECT project_id FROM entries) ORDER BY id FOR NO KEY UPDATE;
  INSERT INTO budget_windows (budget_id, environment, starts_at, ends_at, time_zone, cap_micros)
    SELECT DISTINCT b.id, e.environment, p.starts_at, p.ends_at, p.time_zone, b.cap_micros
    FROM entries e JOIN budgets b ON b.project_id = e.project_id
        AND budget_covers(b, e.user_id, e.api_key_id, e.character_id, e.model)
      JOIN projects owner ON owner.id = e.project_id
      CROSS JOIN LATERAL budget_period(b.id, e.environment, b.period, owner.time_zone, entry_moment(e.requested_at, e.day)) p
    WHERE (e.kind = 'HOLD' OR e.kind = 'ADJUST' AND e.debit = 'SPENT')
      -- A period that was over before the budget was made has no window, because the budget knows only a part of it.
      AND p.ends_at > b.created_at
    ON CONFLICT DO NOTHING;
  WITH changes AS (
    SELECT w.budget_id, w.environment, w.starts_at, b.project_id, b.thresholds, bool_or(e.kind = 'HOLD') AS is_hold,
      sum(CASE 'SPENT'::"LedgerAccount" WHEN e.debit THEN e.amount_micros WHEN e.credit THEN -e.amount_micros ELSE 0 END) AS settled,
      sum(CASE 'HELD'::"LedgerAccount" WHEN e.debit THEN e.amount_micros WHEN e.credit THEN -e.amount_micros ELSE 0 END) AS held
    FROM entries e JOIN budgets b ON b.project_id = e.project_id
        AND budget_covers(b, e.user_id, e.api_key_id, e.character_id, e.model)
      JOIN budget_windows w ON w.budget_id = b.id AND w.environment = e.environment
        AND w.starts_at <= entry_moment(e.requested_at, e.day) AND w.ends_at > entry_moment(e.requested_at, e.day)
    GROUP BY w.budget_id, w.environment, w.starts_at, b.project_id, b.thresholds
  ), updated AS (
    UPDATE budget_windows w SET settled_micros = w.settled_micros + c.settled, held_micros = w.held_micros + c.held,
      overrun_micros = CASE WHEN c.is_hold THEN w.overrun_micros
        ELSE greatest(0, w.settled_micros + c.settled + w.held_micros + c.held - w.cap_micros) END
    FROM changes c WHERE w.budget_id = c.budget_id AND w.environment = c.environment AND w.starts_at = c.starts_at
    RETURNING w.*, c.project_id, c.thresholds
  )
  INSERT INTO budget_alerts (project_id, budget_id, environment, starts_at, starts_on, threshold, cap_micros, settled_micros,
      held_micros)
    SELECT project_id, budget_id, environment, starts_at, (starts_at AT TIME ZONE time_zone)::date, threshold, cap_micros,
      settled_micros, held_micros
    FROM updated, unnest(thresholds) threshold
    WHERE settled_micros + held_micros > 0
      AND (settled_micros + held_micros)::numeric * 100 >= cap_micros::numeric * threshold
    ORDER BY budget_id, threshold
    ON CONFLICT DO NOTHING;
  INSERT INTO account_totals (provider_account, project_id, environment, spent_micros)
    SELECT provider_account, project_id, environment, sum(CASE 'SPENT'::"LedgerAccount" WHEN debit THEN amount_micros ELSE -amount_micros END)
    FROM entries WHERE provider_account IS NOT NULL AND 'SPENT' IN (debit, credit)
    GROUP BY provider_account, project_id, environment
    ON CONFLICT (provider_account, project_id) DO UPDATE SET spent_micros = account_totals.spent_micros + excluded.spent_micros;
  RETURN NULL;
END
$$;

-- As in prisma/triggers/keep_images_of_run.sql.
CREATE OR REPLACE FUNCTION "keep_images_of_run"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  named CONSTANT uuid[] := ARRAY(
    SELECT DISTINCT (reference->>'imageId')::uuid FROM jsonb_array_elements(NEW."references") reference
    WHERE reference->>'imageId' IS NOT NULL ORDER BY 1);
BEGIN
  -- Most pictures are marked already. Then nothing is written.
  IF (SELECT count(*) FROM images WHERE id = ANY (named) AND is_of_run) = cardinality(named) THEN RETURN NEW; END IF;
  UPDATE images SET is_of_run = true WHERE id = ANY (named) AND is_of_run IS NOT true;
  IF (SELECT count(*) FROM images WHERE id = ANY (named) AND is_of_run) < cardinality(named) THEN
    RAISE EXCEPTION 'A run names a picture that is gone.' USING ERRCODE = '23DIM';
  END IF;
  RETURN NEW;
END
$$;
