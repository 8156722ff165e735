-- Adds the wake-up of a run that was given a slot to the jobs, as pg-boss would: with the settings of the queue. `active`
-- is how many runs of the project are under way; up to `urgent_up_to` the wake-up has the priority `urgent`.
--
-- In SQL because a request writes the run and its wake-up in one round trip.
-- Called by `make_generations`.
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
