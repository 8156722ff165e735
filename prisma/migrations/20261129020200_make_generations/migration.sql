-- A function may call one that is made after it.
SET LOCAL check_function_bodies = off;

-- As in prisma/functions/make_generations.sql.
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

-- As in prisma/functions/send_wakeup.sql.
CREATE OR REPLACE FUNCTION "send_wakeup"(wakeup uuid, run uuid, queue text, active int, urgent_up_to int, urgent int)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO pgboss.job (id, name, data, priority, start_after, created_on, expire_seconds, deletion_seconds, keep_until,
    retry_limit, retry_delay, retry_backoff, retry_delay_max, policy, dead_letter, heartbeat_seconds)
  SELECT wakeup, q.name, jsonb_build_object('generationId', run), CASE WHEN active <= urgent_up_to THEN urgent ELSE 0 END,
    now(), now(), q.expire_seconds, q.deletion_seconds, now() + q.retention_seconds * interval '1 second', q.retry_limit,
    q.retry_delay, q.retry_backoff, q.retry_delay_max, q.policy, q.dead_letter, q.heartbeat_seconds
  FROM pgboss.queue q WHERE q.name = queue;
  IF NOT FOUND THEN RAISE EXCEPTION 'there is no queue %', queue; END IF;
END
$$;

-- Each run leaves several dead rows, and the default of a fifth of the table would let them pile up for weeks.
ALTER TABLE "generations" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
