-- The period of a budget at a moment: the existing window, otherwise the period of the calendar. The project may have
-- changed its time zone, so a period of the calendar begins where the window before it ends, and ends where the next
-- window begins.
--
-- In SQL because `apply_ledger_entries` needs it for many entries at once.
-- Called by `apply_ledger_entries`, `keep_open_periods` and `readStandings`.
CREATE OR REPLACE FUNCTION "budget_period"(budget uuid, env text, period "BudgetPeriod", zone text, moment timestamptz,
  OUT starts_at timestamptz, OUT ends_at timestamptz, OUT time_zone text) LANGUAGE sql STABLE AS $$
  SELECT coalesce(w.starts_at, greatest(c.starts_at, (
      SELECT max(o.ends_at) FROM budget_windows o WHERE o.budget_id = budget AND o.environment = env AND o.ends_at <= moment))),
    coalesce(w.ends_at, least(c.ends_at, (
      SELECT min(o.starts_at) FROM budget_windows o WHERE o.budget_id = budget AND o.environment = env AND o.starts_at > moment))),
    coalesce(w.time_zone, zone)
  FROM calendar_period(period, zone, moment) c LEFT JOIN LATERAL (
    SELECT o.starts_at, o.ends_at, o.time_zone FROM budget_windows o
    WHERE o.budget_id = budget AND o.environment = env AND o.starts_at <= moment AND o.ends_at > moment
    ORDER BY o.starts_at DESC LIMIT 1) w ON true
$$;
