-- When the run of a ledger entry was requested. Entries of older builds only have the day, in UTC.
--
-- In SQL because the budgets and the comparison of the books need the same moment inside of statements.
-- Called by `apply_ledger_entries`, and the comparison of the books (`booksOf`).
CREATE OR REPLACE FUNCTION "entry_moment"(requested_at timestamptz, day date) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(requested_at, day::timestamp AT TIME ZONE 'UTC')
$$;
