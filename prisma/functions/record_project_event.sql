-- Writes an event of a project, and wakes the followers of the project. The event's number is taken under the lock of
-- the project's row, so the numbers have no gaps and follow the order of the commits. NOTIFY locks the whole database
-- until its transaction has committed, so that all writers of events commit one after another. So a session whose
-- process notifies followers itself (`dramatis.hints`) gets the project's id in a message with the result of its
-- statement instead.
--
-- In SQL because SQL functions and triggers also write events, in the transaction of the change.
-- Called by `recordEvent`, `request_generation`, `move_generations` and `tell_budget_alert`.
CREATE OR REPLACE FUNCTION "record_project_event"(project uuid, event text, run uuid, person uuid, budget uuid, alert uuid,
  progress jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  number bigint;
BEGIN
  UPDATE projects SET last_sequence = last_sequence + 1 WHERE id = project RETURNING last_sequence INTO number;
  IF number IS NULL THEN RETURN; END IF;
  INSERT INTO project_events (project_id, sequence, kind, generation_id, character_id, budget_id, budget_alert_id, progress)
    VALUES (project, number, event, run, person, budget, alert, progress);
  IF current_setting('dramatis.hints', true) = 'after commit' THEN
    RAISE INFO USING ERRCODE = 'DR001', MESSAGE = project::text;
  ELSE
    PERFORM pg_notify('dramatis_project_events', project::text);
  END IF;
END
$$;
