-- Marks the pictures that a new run names. A run keeps its pictures in JSON, where no foreign key protects them, and
-- the sweep of the storage removes no picture that is marked. The UPDATE waits for a picture that is being swept at the
-- same moment and then does not find it: the run is refused with the code `23DIM`.
--
-- In SQL because the mark is set in the transaction that inserts the run.
-- Runs on every INSERT of a run with pictures.
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

CREATE OR REPLACE TRIGGER "generations_keep_images" BEFORE INSERT ON "generations"
  FOR EACH ROW WHEN (NEW."references" <> '[]'::jsonb) EXECUTE FUNCTION "keep_images_of_run"();
