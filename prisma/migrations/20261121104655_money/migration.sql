-- CreateEnum
CREATE TYPE "BudgetScope" AS ENUM ('PROJECT', 'MEMBER', 'API_KEY', 'CHARACTER', 'MODEL');

-- CreateEnum
CREATE TYPE "BudgetPeriod" AS ENUM ('DAY', 'MONTH', 'TOTAL');

-- CreateEnum
CREATE TYPE "LedgerEntryKind" AS ENUM ('HOLD', 'CHARGE', 'RELEASE', 'ADJUST');

-- CreateEnum
CREATE TYPE "LedgerAccount" AS ENUM ('AVAILABLE', 'HELD', 'SPENT');

-- CreateEnum
CREATE TYPE "ImageVerdict" AS ENUM ('FAVORITE', 'DISCARDED');

-- AlterEnum
ALTER TYPE "GenerationStatus" ADD VALUE 'AWAITING_APPROVAL';

-- AlterTable
ALTER TABLE "projects" ADD COLUMN     "active_generations" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "approval_per_batch_micros" BIGINT,
ADD COLUMN     "approval_per_run_micros" BIGINT,
ADD COLUMN     "excess_generations" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "max_concurrent_generations" INTEGER NOT NULL DEFAULT 20;

-- AlterTable
ALTER TABLE "generations" ADD COLUMN     "api_key_id" UUID,
ADD COLUMN     "attempted_at" TIMESTAMPTZ(3),
ADD COLUMN     "batch" TEXT,
ADD COLUMN     "discarded" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "hold_micros" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "holds_slot" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "output_count" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "pictures" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "price_shape" TEXT NOT NULL DEFAULT '{}',
ADD COLUMN     "result_key" CHAR(64),
ADD COLUMN     "retry_of_id" UUID,
ADD COLUMN     "user_id" UUID;

-- AlterTable
ALTER TABLE "generated_images" ADD COLUMN     "verdict" "ImageVerdict";

-- AlterTable
ALTER TABLE "project_events" ADD COLUMN     "budget_alert_id" UUID,
ADD COLUMN     "budget_id" UUID;

-- CreateTable
CREATE TABLE "budgets" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "scope" "BudgetScope" NOT NULL,
    "user_id" UUID,
    "api_key_id" UUID,
    "character_id" UUID,
    "model" TEXT,
    "period" "BudgetPeriod" NOT NULL,
    "cap_micros" BIGINT NOT NULL,
    "thresholds" INTEGER[] DEFAULT ARRAY[50, 80, 100]::INTEGER[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "removed_at" TIMESTAMPTZ(3),

    CONSTRAINT "budgets_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "budget_windows" (
    "budget_id" UUID NOT NULL,
    "starts_on" DATE NOT NULL,
    "cap_micros" BIGINT NOT NULL,
    "settled_micros" BIGINT NOT NULL DEFAULT 0,
    "held_micros" BIGINT NOT NULL DEFAULT 0,
    "overrun_micros" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "budget_windows_pkey" PRIMARY KEY ("budget_id","starts_on")
);

-- CreateTable
CREATE TABLE "budget_alerts" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "project_id" UUID NOT NULL,
    "budget_id" UUID NOT NULL,
    "starts_on" DATE NOT NULL,
    "threshold" INTEGER NOT NULL,
    "cap_micros" BIGINT NOT NULL,
    "settled_micros" BIGINT NOT NULL,
    "held_micros" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "budget_alerts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ledger_entries" (
    "id" BIGSERIAL NOT NULL,
    "project_id" UUID NOT NULL,
    "generation_id" UUID NOT NULL,
    "kind" "LedgerEntryKind" NOT NULL,
    "debit" "LedgerAccount" NOT NULL,
    "credit" "LedgerAccount" NOT NULL,
    "amount_micros" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "day" DATE NOT NULL,
    "model" TEXT NOT NULL,
    "character_id" UUID NOT NULL,
    "user_id" UUID,
    "api_key_id" UUID,
    "provider_account" TEXT,
    "source" TEXT NOT NULL,

    CONSTRAINT "ledger_entries_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account_totals" (
    "provider_account" TEXT NOT NULL,
    "project_id" UUID NOT NULL,
    "spent_micros" BIGINT NOT NULL,

    CONSTRAINT "account_totals_pkey" PRIMARY KEY ("provider_account","project_id")
);

-- CreateTable
CREATE TABLE "spend_rollups" (
    "id" BIGSERIAL NOT NULL,
    "project_id" UUID NOT NULL,
    "day" DATE NOT NULL,
    "slice" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "character_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "api_key_id" UUID NOT NULL,
    "status" TEXT NOT NULL,
    "amount_micros" BIGINT NOT NULL,
    "runs" BIGINT NOT NULL,
    "failures" BIGINT NOT NULL,
    "pictures" BIGINT NOT NULL,
    "discarded" BIGINT NOT NULL,
    "seconds" INTEGER[],

    CONSTRAINT "spend_rollups_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "price_observations" (
    "id" BIGSERIAL NOT NULL,
    "model" TEXT NOT NULL,
    "shape" TEXT NOT NULL,
    "outputs" INTEGER NOT NULL,
    "cost_micros" BIGINT,
    "seconds" DOUBLE PRECISION,
    "source" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "price_observations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "balance_observations" (
    "id" BIGSERIAL NOT NULL,
    "provider_account" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "balance_micros" BIGINT NOT NULL,
    "spent_micros" BIGINT NOT NULL,
    "open_runs" INTEGER NOT NULL,
    "held_micros" BIGINT NOT NULL,
    "is_quiet" BOOLEAN NOT NULL,

    CONSTRAINT "balance_observations_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "budgets_project_id_created_at_id_idx" ON "budgets"("project_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "budget_alerts_project_id_created_at_id_idx" ON "budget_alerts"("project_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "budget_alerts_budget_id_starts_on_threshold_cap_micros_key" ON "budget_alerts"("budget_id", "starts_on", "threshold", "cap_micros");

-- CreateIndex
CREATE INDEX "ledger_entries_project_id_id_idx" ON "ledger_entries"("project_id", "id");

-- CreateIndex
CREATE INDEX "ledger_entries_generation_id_id_idx" ON "ledger_entries"("generation_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "spend_rollups_project_id_slice_day_model_character_id_user__key" ON "spend_rollups"("project_id", "slice", "day", "model", "character_id", "user_id", "api_key_id", "status");

-- CreateIndex
CREATE INDEX "price_observations_model_shape_id_idx" ON "price_observations"("model", "shape", "id");

-- CreateIndex
CREATE INDEX "balance_observations_provider_account_at_id_idx" ON "balance_observations"("provider_account", "at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "generations_retry_of_id_key" ON "generations"("retry_of_id");

-- AddForeignKey
ALTER TABLE "budgets" ADD CONSTRAINT "budgets_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "budget_windows" ADD CONSTRAINT "budget_windows_budget_id_fkey" FOREIGN KEY ("budget_id") REFERENCES "budgets"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "budget_alerts" ADD CONSTRAINT "budget_alerts_budget_id_fkey" FOREIGN KEY ("budget_id") REFERENCES "budgets"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "generations" ADD CONSTRAINT "generations_retry_of_id_fkey" FOREIGN KEY ("retry_of_id") REFERENCES "generations"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "project_events" ADD CONSTRAINT "project_events_budget_alert_id_fkey" FOREIGN KEY ("budget_alert_id") REFERENCES "budget_alerts"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AlterTable
ALTER TABLE "generations" ALTER COLUMN "requested_at" SET DEFAULT now();

-- AlterTable
ALTER TABLE "generations" ADD COLUMN "is_attempt_over" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "answered_keys" (
    "project_id" UUID NOT NULL,
    "idempotency_key" TEXT NOT NULL,
    "request_hash" CHAR(64) NOT NULL,
    "generation_id" UUID NOT NULL,

    CONSTRAINT "answered_keys_pkey" PRIMARY KEY ("project_id","idempotency_key")
);

-- CreateIndex
CREATE INDEX "answered_keys_generation_id_idx" ON "answered_keys"("generation_id");

-- AddForeignKey
ALTER TABLE "answered_keys" ADD CONSTRAINT "answered_keys_generation_id_fkey" FOREIGN KEY ("generation_id") REFERENCES "generations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand from here on: what the schema file cannot say.

ALTER TABLE "generations"
  ADD CONSTRAINT "generations_money_check" CHECK ("hold_micros" >= 0 AND ("cost_micros" IS NULL OR "cost_micros" >= 0)),
  ADD CONSTRAINT "generations_pictures_check" CHECK ("discarded" >= 0 AND "discarded" <= "pictures");

-- A project's slots. A limit that is lowered below what is under way is taken at its word: the excess may finish, and
-- nothing new begins.
ALTER TABLE "projects"
  ADD CONSTRAINT "projects_slots_check" CHECK ("active_generations" <= "max_concurrent_generations" + "excess_generations"),
  ADD CONSTRAINT "projects_counts_check" CHECK (
    "active_generations" >= 0 AND "excess_generations" >= 0 AND "max_concurrent_generations" >= 0),
  ADD CONSTRAINT "projects_approval_check" CHECK ("approval_per_run_micros" >= 0 AND "approval_per_batch_micros" >= 0);

ALTER TABLE "budgets"
  ADD CONSTRAINT "budgets_cap_check" CHECK ("cap_micros" >= 0),
  ADD CONSTRAINT "budgets_thresholds_check" CHECK (1 <= ALL ("thresholds") AND 100 >= ALL ("thresholds")),
  ADD CONSTRAINT "budgets_subject_check" CHECK (
    ("user_id" IS NOT NULL) = ("scope" = 'MEMBER') AND ("api_key_id" IS NOT NULL) = ("scope" = 'API_KEY')
    AND ("character_id" IS NOT NULL) = ("scope" = 'CHARACTER') AND ("model" IS NOT NULL) = ("scope" = 'MODEL'));

-- One budget for each subject and period.
CREATE UNIQUE INDEX "budgets_in_force_idx" ON "budgets"
  ("project_id", "scope", "period", "user_id", "api_key_id", "character_id", "model") NULLS NOT DISTINCT
  WHERE "removed_at" IS NULL;

-- The budget: whoever holds more than fits is refused here, however parallel they come.
ALTER TABLE "budget_windows"
  ADD CONSTRAINT "budget_windows_cap_check" CHECK ("settled_micros" + "held_micros" <= "cap_micros" + "overrun_micros"),
  ADD CONSTRAINT "budget_windows_sums_check" CHECK (
    "settled_micros" >= 0 AND "held_micros" >= 0 AND "overrun_micros" >= 0);

ALTER TABLE "ledger_entries"
  ADD CONSTRAINT "ledger_entries_amount_check" CHECK ("amount_micros" > 0),
  ADD CONSTRAINT "ledger_entries_accounts_check" CHECK (
    "kind" = 'HOLD' AND "debit" = 'HELD' AND "credit" = 'AVAILABLE'
    OR "kind" = 'CHARGE' AND "debit" = 'SPENT' AND "credit" = 'HELD'
    OR "kind" = 'RELEASE' AND "debit" = 'AVAILABLE' AND "credit" = 'HELD'
    OR "kind" = 'ADJUST' AND "debit" = 'SPENT' AND "credit" = 'AVAILABLE'
    OR "kind" = 'ADJUST' AND "debit" = 'AVAILABLE' AND "credit" = 'SPENT');

-- Counters that are written with every run: room on the page keeps their updates off the indexes.
ALTER TABLE "spend_rollups" SET (fillfactor = 70);
ALTER TABLE "budget_windows" SET (fillfactor = 70);
ALTER TABLE "account_totals" SET (fillfactor = 70);

CREATE INDEX "project_events_budget_alert_idx" ON "project_events" ("budget_alert_id") WHERE "budget_alert_id" IS NOT NULL;
CREATE INDEX "generations_held_idx" ON "generations" ("project_id")
  WHERE "status" NOT IN ('COMPLETED', 'FAILED', 'CANCELED') OR "cost_micros" IS NULL;
CREATE INDEX "generations_waiting_idx" ON "generations" ("project_id", "requested_at", "id")
  WHERE "status" = 'QUEUED' AND NOT "holds_slot";
CREATE INDEX "generations_under_way_idx" ON "generations" ("requested_at")
  WHERE "holds_slot" OR "status" IN ('SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING');
CREATE INDEX "generations_open_idx" ON "generations" ("provider_account", "attempted_at")
  WHERE "status" IN ('SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING', 'UNCERTAIN');
-- What an account was paid between two moments.
CREATE INDEX "generations_attempted_idx" ON "generations" ("provider_account", "attempted_at")
  WHERE "attempted_at" IS NOT NULL;
CREATE INDEX "generations_unknown_cost_idx" ON "generations" ("provider_account")
  WHERE "status" IN ('COMPLETED', 'FAILED') AND "cost_micros" IS NULL;
CREATE INDEX "generations_batch_idx" ON "generations" ("project_id", "batch") WHERE "batch" IS NOT NULL;
CREATE INDEX "generations_result_idx" ON "generations" ("project_id", "result_key", "seed") WHERE "result_key" IS NOT NULL;

-- Whether nothing can change any more but what a run is found to have cost.
CREATE FUNCTION "is_final"(status "GenerationStatus") RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT status IN ('COMPLETED', 'FAILED', 'CANCELED')
$$;

-- Whether a budget is about runs like this one.
CREATE FUNCTION "budget_covers"(budget budgets, run_user uuid, run_key uuid, run_character uuid, run_model text)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT budget.removed_at IS NULL AND CASE budget.scope
    WHEN 'PROJECT' THEN true
    WHEN 'MEMBER' THEN coalesce(budget.user_id = run_user, false)
    WHEN 'API_KEY' THEN coalesce(budget.api_key_id = run_key, false)
    WHEN 'CHARACTER' THEN budget.character_id = run_character
    WHEN 'MODEL' THEN budget.model = run_model
  END
$$;

-- The first day of the period that a day belongs to.
CREATE FUNCTION "period_start"(period "BudgetPeriod", day date) RETURNS date LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE period WHEN 'DAY' THEN day WHEN 'MONTH' THEN date_trunc('month', day::timestamp)::date ELSE '1970-01-01' END
$$;

-- Writes an event, numbered under the project row's lock, and wakes those who follow.
CREATE FUNCTION "record_project_event"(project uuid, event text, run uuid, person uuid, budget uuid, alert uuid,
  progress jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  number bigint;
BEGIN
  UPDATE projects SET last_sequence = last_sequence + 1 WHERE id = project RETURNING last_sequence INTO number;
  IF number IS NULL THEN RETURN; END IF;
  INSERT INTO project_events (project_id, sequence, kind, generation_id, character_id, budget_id, budget_alert_id, progress)
    VALUES (project, number, event, run, person, budget, alert, progress);
  PERFORM pg_notify('dramatis_project_events', project::text);
END
$$;

-- Books what a run's row says: its hold when it is asked for; what it cost, and the rest of the hold, when it has ended
-- and the cost is known; the difference when the cost is put right later.
CREATE FUNCTION "book_generation"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  charge bigint;
  difference bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.hold_micros > 0 THEN PERFORM post_entry(NEW, 'HOLD', 'HELD', 'AVAILABLE', NEW.hold_micros); END IF;
    RETURN NULL;
  END IF;
  IF NEW.hold_micros <> OLD.hold_micros THEN RAISE EXCEPTION 'the hold of a run does not change'; END IF;
  IF NOT is_final(NEW.status) OR NEW.cost_micros IS NULL THEN
    IF is_final(OLD.status) AND OLD.cost_micros IS NOT NULL THEN RAISE EXCEPTION 'a settled run stays settled'; END IF;
    RETURN NULL;
  END IF;
  IF is_final(OLD.status) AND OLD.cost_micros IS NOT NULL THEN
    difference := NEW.cost_micros - OLD.cost_micros;
  ELSE
    charge := least(NEW.cost_micros, NEW.hold_micros);
    difference := NEW.cost_micros - charge;
    IF charge > 0 THEN PERFORM post_entry(NEW, 'CHARGE', 'SPENT', 'HELD', charge); END IF;
    IF NEW.hold_micros > charge THEN
      PERFORM post_entry(NEW, 'RELEASE', 'AVAILABLE', 'HELD', NEW.hold_micros - charge);
    END IF;
  END IF;
  IF difference > 0 THEN PERFORM post_entry(NEW, 'ADJUST', 'SPENT', 'AVAILABLE', difference); END IF;
  IF difference < 0 THEN PERFORM post_entry(NEW, 'ADJUST', 'AVAILABLE', 'SPENT', -difference); END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION "post_entry"(run generations, kind "LedgerEntryKind", debit "LedgerAccount", credit "LedgerAccount",
  amount bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO ledger_entries (project_id, generation_id, kind, debit, credit, amount_micros, at, day, model, character_id,
    user_id, api_key_id, provider_account, source)
  VALUES (run.project_id, run.id, kind, debit, credit, amount, clock_timestamp(),
    (run.requested_at AT TIME ZONE 'UTC')::date, run.model, run.character_id, run.user_id, run.api_key_id,
    run.provider_account, CASE kind WHEN 'HOLD' THEN 'UPPER_BOUND' ELSE coalesce(run.cost_source, 'UNKNOWN') END)
$$;

-- Carries new entries into every budget that covers them, and raises the alerts of thresholds that are reached. Only a
-- hold is stopped by a cap: what was spent already cannot be refused.
CREATE FUNCTION "apply_ledger_entries"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM projects WHERE id IN (SELECT project_id FROM entries) ORDER BY id FOR NO KEY UPDATE;
  INSERT INTO budget_windows (budget_id, starts_on, cap_micros)
    SELECT DISTINCT b.id, period_start(b.period, e.day), b.cap_micros
    FROM entries e JOIN budgets b ON b.project_id = e.project_id
      AND budget_covers(b, e.user_id, e.api_key_id, e.character_id, e.model)
    WHERE (e.kind = 'HOLD' OR e.kind = 'ADJUST' AND e.debit = 'SPENT')
      -- Of a period that was over when the budget was made it knows only a part: there is no window for it.
      AND period_start(b.period, e.day) >= period_start(b.period, (b.created_at AT TIME ZONE 'UTC')::date)
    ON CONFLICT DO NOTHING;
  WITH changes AS (
    SELECT b.id, b.project_id, b.thresholds, period_start(b.period, e.day) AS starts_on, bool_or(e.kind = 'HOLD') AS is_hold,
      sum(CASE 'SPENT'::"LedgerAccount" WHEN e.debit THEN e.amount_micros WHEN e.credit THEN -e.amount_micros ELSE 0 END) AS settled,
      sum(CASE 'HELD'::"LedgerAccount" WHEN e.debit THEN e.amount_micros WHEN e.credit THEN -e.amount_micros ELSE 0 END) AS held
    FROM entries e JOIN budgets b ON b.project_id = e.project_id
      AND budget_covers(b, e.user_id, e.api_key_id, e.character_id, e.model)
    GROUP BY b.id, period_start(b.period, e.day)
  ), updated AS (
    UPDATE budget_windows w SET settled_micros = w.settled_micros + c.settled, held_micros = w.held_micros + c.held,
      overrun_micros = CASE WHEN c.is_hold THEN w.overrun_micros
        ELSE greatest(0, w.settled_micros + c.settled + w.held_micros + c.held - w.cap_micros) END
    FROM changes c WHERE w.budget_id = c.id AND w.starts_on = c.starts_on
    RETURNING w.*, c.project_id, c.thresholds
  )
  INSERT INTO budget_alerts (project_id, budget_id, starts_on, threshold, cap_micros, settled_micros, held_micros)
    SELECT project_id, budget_id, starts_on, threshold, cap_micros, settled_micros, held_micros
    FROM updated, unnest(thresholds) threshold
    WHERE settled_micros + held_micros > 0
      AND (settled_micros + held_micros)::numeric * 100 >= cap_micros::numeric * threshold
    ORDER BY budget_id, threshold
    ON CONFLICT DO NOTHING;
  INSERT INTO account_totals (provider_account, project_id, spent_micros)
    SELECT provider_account, project_id, sum(CASE 'SPENT'::"LedgerAccount" WHEN debit THEN amount_micros ELSE -amount_micros END)
    FROM entries WHERE provider_account IS NOT NULL AND 'SPENT' IN (debit, credit)
    GROUP BY provider_account, project_id
    ON CONFLICT (provider_account, project_id) DO UPDATE SET spent_micros = account_totals.spent_micros + excluded.spent_micros;
  RETURN NULL;
END
$$;

-- An alert is an event as well.
CREATE FUNCTION "tell_budget_alert"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM record_project_event(NEW.project_id, 'BUDGET_THRESHOLD_REACHED', NULL, NULL, NEW.budget_id, NEW.id, NULL);
  RETURN NULL;
END
$$;

-- Adds to the analytics: one row in each slice. The unique index finds the rows, whatever the planner knew of the table
-- when a connection first came here.
CREATE FUNCTION "roll_up"(run generations, amount bigint, new_runs int, new_pictures int, new_discarded int)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  nobody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
  run_day CONSTANT date := (run.requested_at AT TIME ZONE 'UTC')::date;
  run_user CONSTANT uuid := coalesce(run.user_id, nobody);
  run_key CONSTANT uuid := coalesce(run.api_key_id, nobody);
  new_failures CONSTANT int := CASE run.status WHEN 'FAILED' THEN new_runs ELSE 0 END;
  place CONSTANT int := CASE WHEN run.inference_seconds > 0
    THEN least(63, greatest(1, 1 + floor(4 * ln(run.inference_seconds * 4) / ln(2::float8))::int)) ELSE 64 END;
  counts CONSTANT int[] := array_fill(0, ARRAY[place - 1]) || new_runs || array_fill(0, ARRAY[64 - place]);
BEGIN
  PERFORM 1 FROM projects WHERE id = run.project_id FOR NO KEY UPDATE;
  INSERT INTO spend_rollups AS r (project_id, day, slice, model, character_id, user_id, api_key_id, status, amount_micros, runs,
    failures, pictures, discarded, seconds)
  SELECT run.project_id, run_day, s.slice, s.model, s.character_id, s.user_id, s.api_key_id, run.status::text, amount,
    new_runs, new_failures, new_pictures, new_discarded, counts
  FROM (VALUES ('MODEL', run.model, nobody, nobody, nobody), ('CHARACTER', '', run.character_id, nobody, nobody),
    ('MEMBER', '', nobody, run_user, nobody), ('API_KEY', '', nobody, nobody, run_key),
    ('ALL', run.model, run.character_id, run_user, run_key)) AS s(slice, model, character_id, user_id, api_key_id)
  ON CONFLICT (project_id, slice, day, model, character_id, user_id, api_key_id, status) DO UPDATE SET
    amount_micros = r.amount_micros + excluded.amount_micros, runs = r.runs + excluded.runs,
    failures = r.failures + excluded.failures, pictures = r.pictures + excluded.pictures,
    discarded = r.discarded + excluded.discarded, seconds[place] = r.seconds[place] + new_runs;
END
$$;

-- Carries into the analytics what a run's row says anew: that it has ended, what it cost, how its pictures were rated.
CREATE FUNCTION "roll_up_generation"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF is_final(OLD.status) THEN
    PERFORM roll_up(NEW, coalesce(NEW.cost_micros, 0) - coalesce(OLD.cost_micros, 0), 0, NEW.pictures - OLD.pictures,
      NEW.discarded - OLD.discarded);
  ELSE
    PERFORM roll_up(NEW, coalesce(NEW.cost_micros, 0), 1, NEW.pictures, NEW.discarded);
  END IF;
  RETURN NULL;
END
$$;

-- Gives one of a project's slots to its longest waiting run. Answers the run, and how many are active with it; nothing
-- when none waits or no slot is free. The limit is the CHECK: nothing here asks for it beforehand.
CREATE FUNCTION "admit_generation"(project uuid, wakeup uuid) RETURNS TABLE (id uuid, active int) LANGUAGE plpgsql AS $$
DECLARE
  next_run uuid;
  now_active int;
BEGIN
  PERFORM 1 FROM projects p WHERE p.id = project AND p.deleting_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  -- Whoever holds a run waits for the project; so a run that is held is passed over, and never waited for.
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

-- A run has a slot while the provider has it, whoever moves it there. One that the provider is done with gives its slot
-- up; one that turns out to be with the provider, although it had lost its slot, has one again.
CREATE FUNCTION "keep_slot"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.holds_slot := NEW.status IN ('SUBMITTED', 'PROCESSING')
    OR NEW.holds_slot AND NOT (NEW.status = 'STORING' OR is_final(NEW.status));
  RETURN NEW;
END
$$;

-- Counts a slot that was not given out: above the limit if need be, so that nothing new begins instead.
CREATE FUNCTION "count_slot"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE projects SET active_generations = active_generations + 1,
    excess_generations = greatest(excess_generations, active_generations + 1 - max_concurrent_generations)
    WHERE id = NEW.project_id;
  RETURN NULL;
END
$$;

-- Takes the slot back from a run that gives it up.
CREATE FUNCTION "release_slot"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE projects SET active_generations = active_generations - 1,
    excess_generations = greatest(0, active_generations - 1 - max_concurrent_generations) WHERE id = NEW.project_id;
  RETURN NULL;
END
$$;

-- Runs of before there was a ledger: what they cost, and what may still come.
UPDATE generations SET pictures = (SELECT count(*) FROM generated_images i WHERE i.generation_id = generations.id)
  WHERE status = 'COMPLETED';
UPDATE generations SET output_count = coalesce((parameters->>'number_of_outputs')::int, 1)
  * coalesce((parameters->>'number_of_images_per_pose')::int, 1) * coalesce((parameters->>'samples')::int, 1);
-- Prices were those of one picture; twice the mean is held, as for a new run.
UPDATE generations SET hold_micros = coalesce(price_micros, 0) * output_count * 2,
  price_micros = price_micros * output_count, attempted_at = coalesce(submitted_at, requested_at)
  WHERE NOT is_final(status);
UPDATE generations SET holds_slot = true WHERE status IN ('SUBMITTING', 'SUBMITTED', 'PROCESSING');
UPDATE projects SET active_generations = busy.runs, excess_generations = greatest(0, busy.runs - max_concurrent_generations)
  FROM (SELECT project_id, count(*) AS runs FROM generations WHERE holds_slot GROUP BY project_id) busy
  WHERE busy.project_id = projects.id;

CREATE TRIGGER "ledger_entries_apply" AFTER INSERT ON "ledger_entries"
  REFERENCING NEW TABLE AS entries FOR EACH STATEMENT EXECUTE FUNCTION "apply_ledger_entries"();

SELECT post_entry(g, 'HOLD', 'HELD', 'AVAILABLE', g.hold_micros) FROM generations g WHERE g.hold_micros > 0;
SELECT post_entry(g, 'ADJUST', 'SPENT', 'AVAILABLE', g.cost_micros) FROM generations g
  WHERE is_final(g.status) AND g.cost_micros > 0;
SELECT roll_up(g, coalesce(g.cost_micros, 0), 1, g.pictures, 0) FROM generations g WHERE is_final(g.status);

CREATE TRIGGER "generations_book" AFTER INSERT OR UPDATE OF "status", "cost_micros", "hold_micros" ON "generations"
  FOR EACH ROW EXECUTE FUNCTION "book_generation"();
CREATE TRIGGER "generations_roll_up" AFTER UPDATE OF "status", "cost_micros", "pictures", "discarded" ON "generations"
  FOR EACH ROW WHEN (is_final(NEW."status")) EXECUTE FUNCTION "roll_up_generation"();
CREATE TRIGGER "generations_keep_slot" BEFORE UPDATE OF "status" ON "generations"
  FOR EACH ROW WHEN (NEW."status" <> OLD."status") EXECUTE FUNCTION "keep_slot"();
CREATE TRIGGER "generations_count_slot" AFTER UPDATE ON "generations"
  FOR EACH ROW WHEN (NOT OLD."holds_slot" AND NEW."holds_slot" AND NEW."status" <> 'QUEUED') EXECUTE FUNCTION "count_slot"();
CREATE TRIGGER "generations_release_slot" AFTER UPDATE ON "generations"
  FOR EACH ROW WHEN (OLD."holds_slot" AND NOT NEW."holds_slot") EXECUTE FUNCTION "release_slot"();
CREATE TRIGGER "budget_alerts_tell" AFTER INSERT ON "budget_alerts"
  FOR EACH ROW EXECUTE FUNCTION "tell_budget_alert"();
CREATE TRIGGER "ledger_entries_append_only" BEFORE UPDATE OR DELETE ON "ledger_entries"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "ledger_entries_no_truncate" BEFORE TRUNCATE ON "ledger_entries"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
