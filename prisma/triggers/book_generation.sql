-- Books the amounts of a run's row: its hold when it is requested; its cost, and the release of the rest of the hold,
-- when it has ended and the cost is known; the difference when the cost is corrected later.
--
-- In SQL because the ledger follows the row of the run, in the same transaction, whatever code writes the row.
-- Runs on every INSERT of a run, and every UPDATE of its status, cost or hold.
CREATE OR REPLACE FUNCTION "book_generation"() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE OR REPLACE TRIGGER "generations_book" AFTER INSERT OR UPDATE OF "status", "cost_micros", "hold_micros" ON "generations"
  FOR EACH ROW EXECUTE FUNCTION "book_generation"();
