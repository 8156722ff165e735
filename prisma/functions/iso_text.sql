-- A moment as JSON writes it: ISO 8601 in UTC, with milliseconds.
--
-- In SQL because `generation_progress` writes moments into JSON.
-- Called by `generation_progress`.
CREATE OR REPLACE FUNCTION "iso_text"(moment timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;
