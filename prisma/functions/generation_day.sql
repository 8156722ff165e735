-- The day on which a run is reported. Runs of older builds have none; for them it is the day in UTC.
--
-- In SQL because the ledger, the daily sums and the comparison of the books need the same day inside of statements.
-- Called by `post_entry`, `roll_up`, and the comparison of the books (`booksOf`).
CREATE OR REPLACE FUNCTION "generation_day"(run generations) RETURNS date LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(run.requested_on, (run.requested_at AT TIME ZONE 'UTC')::date)
$$;
