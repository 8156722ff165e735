-- Subtracts a slot from the project's count when a run gives its slot up.
--
-- In SQL because the count of the project follows the row of the run, in the same transaction.
-- Runs on every UPDATE that takes the slot from a run.
CREATE OR REPLACE FUNCTION "release_slot"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE projects SET active_generations = active_generations - 1,
    excess_generations = greatest(0, active_generations - 1 - max_concurrent_generations) WHERE id = NEW.project_id;
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER "generations_release_slot" AFTER UPDATE ON "generations"
  FOR EACH ROW WHEN (OLD."holds_slot" AND NOT NEW."holds_slot") EXECUTE FUNCTION "release_slot"();
