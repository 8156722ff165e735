-- Writes an event, numbered under the project row's lock, and wakes those who follow. NOTIFY takes a lock on the whole
-- database until its transaction has committed, so that of all that write events one commits at a time. A session that says
-- that it sends hints by itself is told of the project instead, in a message that it gets with the statement's answer.
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
