-- Adds the change of an ended run to the daily sums: that it has ended, its cost, its pictures and their ratings.
--
-- In SQL because the sums follow the row of the run, in the same transaction, whatever code writes the row.
-- Runs on every UPDATE of the status, cost, pictures or discarded pictures of a run that has ended.
CREATE OR REPLACE FUNCTION "roll_up_generation"() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE OR REPLACE TRIGGER "generations_roll_up" AFTER UPDATE OF "status", "cost_micros", "pictures", "discarded" ON "generations"
  FOR EACH ROW WHEN (is_final(NEW."status")) EXECUTE FUNCTION "roll_up_generation"();
