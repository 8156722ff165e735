-- Stores the open periods of a project's budgets before the project's time zone changes. Each keeps its end, and the
-- next period begins there.
--
-- In SQL because it happens in the transaction of the change, whatever code makes the change.
-- Runs on every UPDATE that changes the time zone of a project.
CREATE OR REPLACE FUNCTION "keep_open_periods"() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE OR REPLACE TRIGGER "projects_keep_open_periods" BEFORE UPDATE OF "time_zone" ON "projects"
  FOR EACH ROW WHEN (OLD."time_zone" <> NEW."time_zone") EXECUTE FUNCTION "keep_open_periods"();
