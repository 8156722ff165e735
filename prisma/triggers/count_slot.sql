-- Counts a slot that a run got without being admitted (see `keep_slot`). It may count above the limit; then no other
-- run begins until the number is below the limit again.
--
-- In SQL because the count of the project follows the row of the run, in the same transaction.
-- Runs on every UPDATE that gives a slot to a run that is not queued.
CREATE OR REPLACE FUNCTION "count_slot"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE projects SET active_generations = active_generations + 1,
    excess_generations = greatest(excess_generations, active_generations + 1 - max_concurrent_generations)
    WHERE id = NEW.project_id;
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER "generations_count_slot" AFTER UPDATE ON "generations"
  FOR EACH ROW WHEN (NOT OLD."holds_slot" AND NEW."holds_slot" AND NEW."status" <> 'QUEUED') EXECUTE FUNCTION "count_slot"();
