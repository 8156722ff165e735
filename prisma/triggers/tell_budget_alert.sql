-- Writes the event `BUDGET_THRESHOLD_REACHED` for a new budget alert.
--
-- In SQL because alerts are raised by a trigger, `apply_ledger_entries`.
-- Runs on every INSERT into `budget_alerts`.
CREATE OR REPLACE FUNCTION "tell_budget_alert"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM record_project_event(NEW.project_id, 'BUDGET_THRESHOLD_REACHED', NULL, NULL, NEW.budget_id, NEW.id, NULL);
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER "budget_alerts_tell" AFTER INSERT ON "budget_alerts"
  FOR EACH ROW EXECUTE FUNCTION "tell_budget_alert"();
