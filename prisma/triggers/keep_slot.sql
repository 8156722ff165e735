-- Decides whether a run has a slot when its status changes. A run has a slot while the provider works on it. It gives
-- the slot up when it has ended at the provider. A run without a slot that is found to be at the provider gets a slot
-- again.
--
-- In SQL because the slot follows the status, whatever code writes the status.
-- Runs on every UPDATE that changes the status of a run.
CREATE OR REPLACE FUNCTION "keep_slot"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.holds_slot := NEW.status IN ('SUBMITTED', 'PROCESSING')
    OR NEW.holds_slot AND NOT (NEW.status = 'STORING' OR is_final(NEW.status));
  RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER "generations_keep_slot" BEFORE UPDATE OF "status" ON "generations"
  FOR EACH ROW WHEN (NEW."status" <> OLD."status") EXECUTE FUNCTION "keep_slot"();
