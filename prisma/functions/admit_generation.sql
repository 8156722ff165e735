-- Gives a slot of a project to its run that has waited longest. Returns the run, and how many runs are under way with
-- it; no row when no run waits or no slot is free. It does not read the limit beforehand: the CHECK
-- `projects_slots_check` is the limit.
--
-- In SQL because the choice of the run, the count and the limit are one step under the lock of the project's row,
-- also in `request_generation`.
-- Called by `admitGenerations` and `request_generation`.
CREATE OR REPLACE FUNCTION "admit_generation"(project uuid, wakeup uuid) RETURNS TABLE (id uuid, active int) LANGUAGE plpgsql AS $$
DECLARE
  next_run uuid;
  now_active int;
BEGIN
  PERFORM 1 FROM projects p WHERE p.id = project AND p.deleting_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  -- A transaction that has locked a run waits for the project. A locked run is skipped, because waiting would deadlock.
  SELECT g.id INTO next_run FROM generations g WHERE g.project_id = project AND g.status = 'QUEUED' AND NOT g.holds_slot
    ORDER BY g.requested_at, g.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
  IF next_run IS NULL THEN RETURN; END IF;
  BEGIN
    UPDATE projects p SET active_generations = p.active_generations + 1 WHERE p.id = project
      RETURNING p.active_generations INTO now_active;
  EXCEPTION WHEN check_violation THEN RETURN;
  END;
  UPDATE generations g SET holds_slot = true, wakeup_id = wakeup WHERE g.id = next_run;
  RETURN QUERY SELECT next_run, now_active;
END
$$;
