-- The day or month of a moment, by the calendar of a time zone; all of time for a budget of the period `TOTAL`.
--
-- In SQL because periods of budgets are computed inside of statements.
-- Called by `budget_period` and `openWindows`.
CREATE OR REPLACE FUNCTION "calendar_period"(period "BudgetPeriod", zone text, moment timestamptz, OUT starts_at timestamptz,
  OUT ends_at timestamptz) LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE period WHEN 'TOTAL' THEN timestamptz '1970-01-01 00:00+00' ELSE first_moment(shown, zone) END,
    CASE period WHEN 'DAY' THEN first_moment(shown + interval '1 day', zone)
      WHEN 'MONTH' THEN first_moment(shown + interval '1 month', zone) ELSE timestamptz '9999-12-31 00:00+00' END
  FROM (SELECT date_trunc(CASE period WHEN 'MONTH' THEN 'month' ELSE 'day' END, moment AT TIME ZONE zone) AS shown) clock
$$;
