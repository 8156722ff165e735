-- Adds new ledger entries to the window of each budget that covers them and to the totals of the provider accounts, and
-- raises the alerts whose thresholds are reached. Only a hold is refused at the cap (CHECK `budget_windows_cap_check`),
-- because money that was spent cannot be refused.
--
-- In SQL because the sums change in the transaction of the entries and under the lock of the project's row, so that
-- runs that are requested at the same time cannot exceed a cap together.
-- Runs on every INSERT into `ledger_entries`, once for all rows of the statement.
CREATE OR REPLACE FUNCTION "apply_ledger_entries"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM projects WHERE id IN (SELECT project_id FROM entries) ORDER BY id FOR NO KEY UPDATE;
  INSERT INTO budget_windows (budget_id, environment, starts_at, ends_at, time_zone, cap_micros)
    SELECT DISTINCT b.id, e.environment, p.starts_at, p.ends_at, p.time_zone, b.cap_micros
    FROM entries e JOIN budgets b ON b.project_id = e.project_id
        AND budget_covers(b, e.user_id, e.api_key_id, e.character_id, e.model)
      JOIN projects owner ON owner.id = e.project_id
      CROSS JOIN LATERAL budget_period(b.id, e.environment, b.period, owner.time_zone, entry_moment(e.requested_at, e.day)) p
    WHERE (e.kind = 'HOLD' OR e.kind = 'ADJUST' AND e.debit = 'SPENT')
      -- A period that was over before the budget was made has no window, because the budget knows only a part of it.
      AND p.ends_at > b.created_at
    ON CONFLICT DO NOTHING;
  WITH changes AS (
    SELECT w.budget_id, w.environment, w.starts_at, b.project_id, b.thresholds, bool_or(e.kind = 'HOLD') AS is_hold,
      sum(CASE 'SPENT'::"LedgerAccount" WHEN e.debit THEN e.amount_micros WHEN e.credit THEN -e.amount_micros ELSE 0 END) AS settled,
      sum(CASE 'HELD'::"LedgerAccount" WHEN e.debit THEN e.amount_micros WHEN e.credit THEN -e.amount_micros ELSE 0 END) AS held
    FROM entries e JOIN budgets b ON b.project_id = e.project_id
        AND budget_covers(b, e.user_id, e.api_key_id, e.character_id, e.model)
      JOIN budget_windows w ON w.budget_id = b.id AND w.environment = e.environment
        AND w.starts_at <= entry_moment(e.requested_at, e.day) AND w.ends_at > entry_moment(e.requested_at, e.day)
    GROUP BY w.budget_id, w.environment, w.starts_at, b.project_id, b.thresholds
  ), updated AS (
    UPDATE budget_windows w SET settled_micros = w.settled_micros + c.settled, held_micros = w.held_micros + c.held,
      overrun_micros = CASE WHEN c.is_hold THEN w.overrun_micros
        ELSE greatest(0, w.settled_micros + c.settled + w.held_micros + c.held - w.cap_micros) END
    FROM changes c WHERE w.budget_id = c.budget_id AND w.environment = c.environment AND w.starts_at = c.starts_at
    RETURNING w.*, c.project_id, c.thresholds
  )
  INSERT INTO budget_alerts (project_id, budget_id, environment, starts_at, starts_on, threshold, cap_micros, settled_micros,
      held_micros)
    SELECT project_id, budget_id, environment, starts_at, (starts_at AT TIME ZONE time_zone)::date, threshold, cap_micros,
      settled_micros, held_micros
    FROM updated, unnest(thresholds) threshold
    WHERE settled_micros + held_micros > 0
      AND (settled_micros + held_micros)::numeric * 100 >= cap_micros::numeric * threshold
    ORDER BY budget_id, threshold
    ON CONFLICT DO NOTHING;
  INSERT INTO account_totals (provider_account, project_id, environment, spent_micros)
    SELECT provider_account, project_id, environment, sum(CASE 'SPENT'::"LedgerAccount" WHEN debit THEN amount_micros ELSE -amount_micros END)
    FROM entries WHERE provider_account IS NOT NULL AND 'SPENT' IN (debit, credit)
    GROUP BY provider_account, project_id, environment
    ON CONFLICT (provider_account, project_id) DO UPDATE SET spent_micros = account_totals.spent_micros + excluded.spent_micros;
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER "ledger_entries_apply" AFTER INSERT ON "ledger_entries"
  REFERENCING NEW TABLE AS entries FOR EACH STATEMENT EXECUTE FUNCTION "apply_ledger_entries"();
