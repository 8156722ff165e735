-- Requests runs of one project, in the order of the array, and returns one row for each. Each run is written whole or
-- not at all. A run that a budget refuses leaves the others as they are.
--
-- In SQL because requests that arrive at the same time share one lock of the project's row and one round trip.
-- Called by `make_generations`, and by previous builds.
CREATE OR REPLACE FUNCTION "request_generations"(project uuid, asked jsonb, progress jsonb)
RETURNS TABLE (place int, outcome text, run uuid, admitted uuid, wakeup uuid, active int) LANGUAGE plpgsql AS $$
DECLARE
  closed text;
  request jsonb;
  refused_by text;
BEGIN
  SELECT CASE WHEN p.deleting_at IS NOT NULL THEN 'PROJECT_DELETING' WHEN p.archived_at IS NOT NULL THEN 'PROJECT_ARCHIVED' END
    INTO closed FROM projects p WHERE p.id = project FOR NO KEY UPDATE;
  IF NOT FOUND THEN closed := 'PROJECT_GONE'; END IF;
  place := 0;
  FOR request IN SELECT value FROM jsonb_array_elements(asked) LOOP
    BEGIN
      SELECT r.outcome, r.run, r.admitted, r.wakeup, r.active INTO outcome, run, admitted, wakeup, active
        FROM request_generation(request, closed, progress) r;
    EXCEPTION WHEN check_violation THEN
      GET STACKED DIAGNOSTICS refused_by = CONSTRAINT_NAME;
      IF refused_by <> 'budget_windows_cap_check' THEN RAISE; END IF;
      SELECT 'OVER_BUDGET', NULL, NULL, NULL, NULL INTO outcome, run, admitted, wakeup, active;
    END;
    RETURN NEXT;
    place := place + 1;
  END LOOP;
END
$$;
