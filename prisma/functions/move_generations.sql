-- Moves runs of one project, in the order of the array, and writes the event of each. Returns the runs that were moved,
-- each with its place in the array. All runs are locked before the project, in the order of their ids, so that two
-- calls that move the same runs wait for each other without a deadlock.
--
-- In SQL because moves that come at the same time share one lock of the project's row and one round trip.
-- Called by `writeMoves`, which is behind `moveTogether`.
CREATE OR REPLACE FUNCTION "move_generations"(project uuid, asked jsonb) RETURNS TABLE (place int, moved generations) LANGUAGE plpgsql AS $$
DECLARE
  wish jsonb;
BEGIN
  PERFORM 1 FROM generations g WHERE g.id = ANY (ARRAY(SELECT (value->>'id')::uuid FROM jsonb_array_elements(asked)))
    ORDER BY g.id FOR NO KEY UPDATE;
  PERFORM 1 FROM projects p WHERE p.id = project FOR NO KEY UPDATE;
  place := 0;
  FOR wish IN SELECT value FROM jsonb_array_elements(asked) LOOP
    SELECT * INTO moved FROM move_generation(wish);
    IF FOUND THEN
      PERFORM record_project_event(moved.project_id, wish->>'event', moved.id, moved.character_id, NULL, NULL,
        generation_progress(moved));
      RETURN NEXT;
    END IF;
    place := place + 1;
  END LOOP;
END
$$;
