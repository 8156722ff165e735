-- Adds one entry to the ledger, with the run's columns at that moment.
--
-- In SQL because `book_generation` calls it with the row that is being written.
-- Called by `book_generation`.
CREATE OR REPLACE FUNCTION "post_entry"(run generations, kind "LedgerEntryKind", debit "LedgerAccount", credit "LedgerAccount",
  amount bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO ledger_entries (project_id, generation_id, kind, debit, credit, amount_micros, at, environment, requested_at, day,
    model, character_id, user_id, api_key_id, provider_account, source)
  VALUES (run.project_id, run.id, kind, debit, credit, amount, clock_timestamp(), run.environment, run.requested_at,
    generation_day(run), run.model, run.character_id, run.user_id, run.api_key_id, run.provider_account,
    CASE kind WHEN 'HOLD' THEN 'UPPER_BOUND' ELSE coalesce(run.cost_source, 'UNKNOWN') END)
$$;
