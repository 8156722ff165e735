-- Whether a budget covers runs with this user, API key, character and model. A removed budget covers no run.
--
-- In SQL because a statement tests many budgets against many runs.
-- Called by `apply_ledger_entries`, `judgeBudgets`, `openWindows`, and the comparison of the books (`booksOf`).
CREATE OR REPLACE FUNCTION "budget_covers"(budget budgets, run_user uuid, run_key uuid, run_character uuid, run_model text)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT budget.removed_at IS NULL AND CASE budget.scope
    WHEN 'PROJECT' THEN true
    WHEN 'MEMBER' THEN coalesce(budget.user_id = run_user, false)
    WHEN 'API_KEY' THEN coalesce(budget.api_key_id = run_key, false)
    WHEN 'CHARACTER' THEN budget.character_id = run_character
    WHEN 'MODEL' THEN budget.model = run_model
  END
$$;
