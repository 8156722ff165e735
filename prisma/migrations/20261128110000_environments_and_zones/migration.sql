-- Two facts that money must not mix: the provider environment that a run was asked for under, and the days of the people
-- who read about it.

-- The environment of the provider that this database belongs to: `simulator`, or the address of the provider's API. Empty
-- until the first start has settled it.
CREATE FUNCTION "provider_environment"() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT value FROM settings WHERE name = 'provider-environment'), '')
$$;

-- DropIndex
DROP INDEX "budget_alerts_budget_id_starts_on_threshold_cap_micros_key";

-- DropIndex
DROP INDEX "spend_rollups_project_id_slice_day_model_character_id_user__key";

-- DropIndex
DROP INDEX "price_observations_model_shape_id_idx";

-- AlterTable
ALTER TABLE "projects" ADD COLUMN     "time_zone" TEXT NOT NULL DEFAULT 'UTC';

-- Rows that exist get the environment of the process that migrates them: a default that is stable is computed once, and
-- the table is not written anew.

-- AlterTable
ALTER TABLE "provider_keys" ADD COLUMN     "environment" TEXT NOT NULL DEFAULT provider_environment();

-- AlterTable
ALTER TABLE "budget_windows" ADD COLUMN     "environment" TEXT NOT NULL DEFAULT provider_environment(),
ADD COLUMN     "starts_at" TIMESTAMPTZ(3),
ADD COLUMN     "ends_at" TIMESTAMPTZ(3),
ADD COLUMN     "time_zone" TEXT NOT NULL DEFAULT 'UTC';

-- AlterTable
ALTER TABLE "budget_alerts" ADD COLUMN     "environment" TEXT NOT NULL DEFAULT provider_environment(),
ADD COLUMN     "starts_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "ledger_entries" ADD COLUMN     "environment" TEXT NOT NULL DEFAULT provider_environment(),
ADD COLUMN     "requested_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "spend_rollups" ADD COLUMN     "environment" TEXT NOT NULL DEFAULT provider_environment();

-- AlterTable
ALTER TABLE "account_totals" ADD COLUMN     "environment" TEXT NOT NULL DEFAULT provider_environment();

-- AlterTable
ALTER TABLE "price_observations" ADD COLUMN     "environment" TEXT NOT NULL DEFAULT provider_environment();

-- AlterTable
ALTER TABLE "generations" ADD COLUMN     "environment" TEXT NOT NULL DEFAULT provider_environment(),
ADD COLUMN     "requested_on" DATE;

-- CreateTable
CREATE TABLE "server_keys" (
    "account" TEXT NOT NULL,
    "environment" TEXT NOT NULL DEFAULT provider_environment(),
    "ciphertext" TEXT NOT NULL,
    "used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "server_keys_pkey" PRIMARY KEY ("account")
);

-- CreateIndex
CREATE UNIQUE INDEX "spend_rollups_project_id_environment_slice_day_model_charac_key" ON "spend_rollups"("project_id", "environment", "slice", "day", "model", "character_id", "user_id", "api_key_id", "status");

-- CreateIndex
CREATE INDEX "price_observations_model_environment_shape_id_idx" ON "price_observations"("model", "environment", "shape", "id");

-- A request that named itself in one environment is not answered with its run in another.

-- DropIndex
DROP INDEX "generations_project_id_idempotency_key_key";

-- CreateIndex
CREATE UNIQUE INDEX "generations_project_id_environment_idempotency_key_key" ON "generations"("project_id", "environment", "idempotency_key");

-- AlterTable
ALTER TABLE "answered_keys" ADD COLUMN     "environment" TEXT NOT NULL DEFAULT provider_environment();
ALTER TABLE "answered_keys" DROP CONSTRAINT "answered_keys_pkey",
ADD CONSTRAINT "answered_keys_pkey" PRIMARY KEY ("project_id", "environment", "idempotency_key");

-- By hand from here on: what the schema file cannot say.

-- The first moment at which a zone's clocks show a time. They show it twice when they are put back, and where they pass
-- over it, that is when they do.
CREATE FUNCTION "first_moment"(shown timestamp, zone text) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(
    (SELECT min(moment) FROM unnest(ARRAY[interval '2 hours', '1 hour', '30 minutes', '0']) AS earlier(by),
      LATERAL (SELECT (shown AT TIME ZONE zone) - by AS moment) candidate WHERE moment AT TIME ZONE zone = shown),
    shown AT TIME ZONE zone)
$$;

-- The period that a moment lies in, by the calendar of a zone.
CREATE FUNCTION "calendar_period"(period "BudgetPeriod", zone text, moment timestamptz, OUT starts_at timestamptz,
  OUT ends_at timestamptz) LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE period WHEN 'TOTAL' THEN timestamptz '1970-01-01 00:00+00' ELSE first_moment(shown, zone) END,
    CASE period WHEN 'DAY' THEN first_moment(shown + interval '1 day', zone)
      WHEN 'MONTH' THEN first_moment(shown + interval '1 month', zone) ELSE timestamptz '9999-12-31 00:00+00' END
  FROM (SELECT date_trunc(CASE period WHEN 'MONTH' THEN 'month' ELSE 'day' END, moment AT TIME ZONE zone) AS shown) clock
$$;

UPDATE "budget_windows" w SET "starts_at" = known.starts_at, "ends_at" = known.ends_at
  FROM (
    SELECT v.budget_id, v.starts_on, p.starts_at, p.ends_at
    FROM "budget_windows" v JOIN "budgets" b ON b.id = v.budget_id
      CROSS JOIN LATERAL calendar_period(b.period, 'UTC', v.starts_on::timestamp AT TIME ZONE 'UTC') p
  ) known WHERE known.budget_id = w.budget_id AND known.starts_on = w.starts_on;
UPDATE "budget_alerts" SET "starts_at" = "starts_on"::timestamp AT TIME ZONE 'UTC';

ALTER TABLE "budget_windows" DROP CONSTRAINT "budget_windows_pkey",
ALTER COLUMN "starts_at" SET NOT NULL,
ALTER COLUMN "ends_at" SET NOT NULL,
DROP COLUMN "starts_on",
ADD CONSTRAINT "budget_windows_pkey" PRIMARY KEY ("budget_id", "environment", "starts_at"),
ADD CONSTRAINT "budget_windows_period_check" CHECK ("starts_at" < "ends_at");
ALTER TABLE "budget_alerts" ALTER COLUMN "starts_at" SET NOT NULL;
CREATE UNIQUE INDEX "budget_alerts_budget_id_environment_starts_at_threshold_cap_key" ON "budget_alerts"("budget_id", "environment", "starts_at", "threshold", "cap_micros");

-- The period of a budget that a moment lies in: the one that is there, or else the calendar's. A project may have changed
-- its zone, so the calendar's period begins where the one before it ends, and ends where the next begins.
CREATE FUNCTION "budget_period"(budget uuid, env text, period "BudgetPeriod", zone text, moment timestamptz,
  OUT starts_at timestamptz, OUT ends_at timestamptz, OUT time_zone text) LANGUAGE sql STABLE AS $$
  SELECT coalesce(w.starts_at, greatest(c.starts_at, (
      SELECT max(o.ends_at) FROM budget_windows o WHERE o.budget_id = budget AND o.environment = env AND o.ends_at <= moment))),
    coalesce(w.ends_at, least(c.ends_at, (
      SELECT min(o.starts_at) FROM budget_windows o WHERE o.budget_id = budget AND o.environment = env AND o.starts_at > moment))),
    coalesce(w.time_zone, zone)
  FROM calendar_period(period, zone, moment) c LEFT JOIN LATERAL (
    SELECT o.starts_at, o.ends_at, o.time_zone FROM budget_windows o
    WHERE o.budget_id = budget AND o.environment = env AND o.starts_at <= moment AND o.ends_at > moment
    ORDER BY o.starts_at DESC LIMIT 1) w ON true
$$;
-- Periods are moments from here on.
DROP FUNCTION "period_start";

-- Writes down the periods that are open before a project's zone changes: each ends at its old end, and the next begins there.
CREATE FUNCTION "keep_open_periods"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO budget_windows (budget_id, environment, starts_at, ends_at, time_zone, cap_micros)
    SELECT b.id, env, p.starts_at, p.ends_at, p.time_zone, b.cap_micros
    FROM budgets b CROSS JOIN provider_environment() env
      CROSS JOIN LATERAL budget_period(b.id, env, b.period, OLD.time_zone, clock_timestamp()) p
    WHERE b.project_id = OLD.id AND b.removed_at IS NULL
    ON CONFLICT DO NOTHING;
  RETURN NEW;
END
$$;
CREATE TRIGGER "projects_keep_open_periods" BEFORE UPDATE OF "time_zone" ON "projects"
  FOR EACH ROW WHEN (OLD."time_zone" <> NEW."time_zone") EXECUTE FUNCTION "keep_open_periods"();

-- The day that a run is reported on.
CREATE FUNCTION "generation_day"(run generations) RETURNS date LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(run.requested_on, (run.requested_at AT TIME ZONE 'UTC')::date)
$$;

CREATE OR REPLACE FUNCTION "post_entry"(run generations, kind "LedgerEntryKind", debit "LedgerAccount", credit "LedgerAccount",
  amount bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO ledger_entries (project_id, generation_id, kind, debit, credit, amount_micros, at, environment, requested_at, day,
    model, character_id, user_id, api_key_id, provider_account, source)
  VALUES (run.project_id, run.id, kind, debit, credit, amount, clock_timestamp(), run.environment, run.requested_at,
    generation_day(run), run.model, run.character_id, run.user_id, run.api_key_id, run.provider_account,
    CASE kind WHEN 'HOLD' THEN 'UPPER_BOUND' ELSE coalesce(run.cost_source, 'UNKNOWN') END)
$$;

-- When a ledger entry's run was asked for.
CREATE FUNCTION "entry_moment"(requested_at timestamptz, day date) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(requested_at, day::timestamp AT TIME ZONE 'UTC')
$$;

-- Carries new entries into every budget that covers them, and raises the alerts of thresholds that are reached. Only a
-- hold is stopped by a cap: what was spent already cannot be refused.
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
      -- Of a period that was over when the budget was made it knows only a part: there is no window for it.
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

-- Adds to the analytics: one row in each slice. The unique index finds the rows, whatever the planner knew of the table
-- when a connection first came here.
CREATE OR REPLACE FUNCTION "roll_up"(run generations, amount bigint, new_runs int, new_pictures int, new_discarded int)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  nobody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
  run_user CONSTANT uuid := coalesce(run.user_id, nobody);
  run_key CONSTANT uuid := coalesce(run.api_key_id, nobody);
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
  FROM (VALUES ('MODEL', run.model, nobody, nobody, nobody), ('CHARACTER', '', run.character_id, nobody, nobody),
    ('MEMBER', '', nobody, run_user, nobody), ('API_KEY', '', nobody, nobody, run_key),
    ('ALL', run.model, run.character_id, run_user, run_key)) AS s(slice, model, character_id, user_id, api_key_id)
  ON CONFLICT (project_id, environment, slice, day, model, character_id, user_id, api_key_id, status) DO UPDATE SET
    amount_micros = r.amount_micros + excluded.amount_micros, runs = r.runs + excluded.runs,
    failures = r.failures + excluded.failures, pictures = r.pictures + excluded.pictures,
    discarded = r.discarded + excluded.discarded, seconds[place] = r.seconds[place] + new_runs;
END
$$;

-- Whether a run, or its batch with it, may cost more than the project lets pass. Exact under the project's lock: of a
-- batch's runs each counts those before it.
CREATE OR REPLACE FUNCTION "needs_approval"(project uuid, hold bigint, run_batch text) RETURNS boolean LANGUAGE sql AS $$
  SELECT CASE
    WHEN hold > p.approval_per_run_micros THEN true
    WHEN p.approval_per_batch_micros IS NULL OR run_batch IS NULL THEN false
    ELSE hold + (
      SELECT coalesce(sum(CASE WHEN is_final(g.status) AND g.cost_micros IS NOT NULL THEN g.cost_micros ELSE g.hold_micros END), 0)
      FROM generations g WHERE g.project_id = project AND g.batch = run_batch AND g.environment = provider_environment())
      > p.approval_per_batch_micros
  END FROM projects p WHERE p.id = project
$$;

-- The run that another one like it need not be bought for: completed with a picture that was not discarded, else one that
-- is under way; not one that an owner may still turn down, and none of another environment. Under the project's lock no
-- other request buys it in the meantime.
CREATE OR REPLACE FUNCTION "reusable_generation"(project uuid, result char(64), wanted_seed bigint) RETURNS uuid LANGUAGE sql AS $$
  SELECT g.id FROM generations g
  WHERE g.project_id = project AND g.result_key = result AND (wanted_seed IS NULL OR g.seed = wanted_seed)
    AND g.environment = provider_environment()
    AND (g.status = 'COMPLETED' AND g.pictures > g.discarded
      OR g.cancel_requested_at IS NULL AND NOT is_final(g.status) AND g.status NOT IN ('UNCERTAIN', 'AWAITING_APPROVAL'))
  ORDER BY g.status = 'COMPLETED' DESC, g.requested_at DESC, g.id DESC LIMIT 1
$$;

-- Asks for one run under its project's lock: answers with the run that was made for this request before, or makes it with
-- all that belongs to it. `closed` is why nothing may be made; the CHECK of a budget without room is thrown on.
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
  -- What one environment has quoted and checked is not bought in another.
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
