-- The first moment at which the clocks of a time zone show a time. They show it twice when they are put back. When they
-- skip it, the result is the moment of the skip.
--
-- In SQL because periods of budgets are computed inside of statements.
-- Called by `calendar_period`.
CREATE OR REPLACE FUNCTION "first_moment"(shown timestamp, zone text) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(
    (SELECT min(moment) FROM unnest(ARRAY[interval '2 hours', '1 hour', '30 minutes', '0']) AS earlier(by),
      LATERAL (SELECT (shown AT TIME ZONE zone) - by AS moment) candidate WHERE moment AT TIME ZONE zone = shown),
    shown AT TIME ZONE zone)
$$;
