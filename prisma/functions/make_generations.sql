-- Requests runs of one project as `request_generations` does, sends the wake-ups of the runs that were given slots, and
-- returns the rows of the runs. `made` is NULL where the outcome has no run.
--
-- In SQL because requests that arrive at the same time are one statement, so the project is locked for no round trip. A
-- function of its own because a previous build calls `request_generations`, and sends the wake-ups itself.
-- Called by `writeRequests`, which is behind each request for a run.
CREATE OR REPLACE FUNCTION "make_generations"(project uuid, asked jsonb, progress jsonb, queue text, urgent_up_to int, urgent int)
RETURNS TABLE (place int, outcome text, made generations) LANGUAGE plpgsql AS $$
DECLARE
  answer record;
BEGIN
  FOR answer IN SELECT * FROM request_generations(project, asked, progress) LOOP
    place := answer.place;
    outcome := answer.outcome;
    made := NULL;
    IF answer.run IS NOT NULL THEN SELECT * INTO made FROM generations g WHERE g.id = answer.run; END IF;
    IF answer.admitted IS NOT NULL THEN
      PERFORM send_wakeup(answer.wakeup, answer.admitted, queue, answer.active, urgent_up_to, urgent);
    END IF;
    RETURN NEXT;
  END LOOP;
END
$$;
