-- What the tables have that schema.prisma cannot say: CHECK and EXCLUDE constraints, indexes with a condition or an
-- expression, and how rows are stored. Printed from the migrated database by `npm run migration`, and applied by nothing:
-- a change belongs into a migration.

ALTER TABLE audit_entries ADD CONSTRAINT audit_entries_actor_check
  CHECK ((((actor_kind = 'ADMIN'::text) AND (user_id IS NULL) AND (api_key_id IS NULL)) OR ((actor_kind = 'USER'::text) AND (user_id IS NOT NULL) AND (api_key_id IS NULL)) OR ((actor_kind = 'API_KEY'::text) AND (api_key_id IS NOT NULL))));
ALTER TABLE budget_windows ADD CONSTRAINT budget_windows_cap_check
  CHECK (((settled_micros + held_micros) <= (cap_micros + overrun_micros)));
ALTER TABLE budget_windows ADD CONSTRAINT budget_windows_period_check
  CHECK ((starts_at < ends_at));
ALTER TABLE budget_windows ADD CONSTRAINT budget_windows_sums_check
  CHECK (((settled_micros >= 0) AND (held_micros >= 0) AND (overrun_micros >= 0)));
ALTER TABLE budgets ADD CONSTRAINT budgets_cap_check
  CHECK ((cap_micros >= 0));
ALTER TABLE budgets ADD CONSTRAINT budgets_subject_check
  CHECK ((((user_id IS NOT NULL) = (scope = 'MEMBER'::"BudgetScope")) AND ((api_key_id IS NOT NULL) = (scope = 'API_KEY'::"BudgetScope")) AND ((character_id IS NOT NULL) = (scope = 'CHARACTER'::"BudgetScope")) AND ((model IS NOT NULL) = (scope = 'MODEL'::"BudgetScope"))));
ALTER TABLE budgets ADD CONSTRAINT budgets_thresholds_check
  CHECK (((1 <= ALL (thresholds)) AND (100 >= ALL (thresholds))));
ALTER TABLE generations ADD CONSTRAINT generations_attempt_check
  CHECK (((status <> 'SUBMITTING'::"GenerationStatus") OR (attempt_token IS NOT NULL)));
ALTER TABLE generations ADD CONSTRAINT generations_cost_check
  CHECK (((cost_micros >= 0) AND (price_micros >= 0)));
ALTER TABLE generations ADD CONSTRAINT generations_finished_check
  CHECK (((finished_at IS NOT NULL) = (status = ANY (ARRAY['COMPLETED'::"GenerationStatus", 'FAILED'::"GenerationStatus", 'CANCELED'::"GenerationStatus"]))));
ALTER TABLE generations ADD CONSTRAINT generations_money_check
  CHECK (((hold_micros >= 0) AND ((cost_micros IS NULL) OR (cost_micros >= 0))));
ALTER TABLE generations ADD CONSTRAINT generations_pictures_check
  CHECK (((discarded >= 0) AND (discarded <= pictures)));
ALTER TABLE images ADD CONSTRAINT images_size_check
  CHECK (((width > 0) AND (height > 0) AND (size_bytes > 0)));
ALTER TABLE invitations ADD CONSTRAINT invitations_email_check
  CHECK ((email = lower(email)));
ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_accounts_check
  CHECK ((((kind = 'HOLD'::"LedgerEntryKind") AND (debit = 'HELD'::"LedgerAccount") AND (credit = 'AVAILABLE'::"LedgerAccount")) OR ((kind = 'CHARGE'::"LedgerEntryKind") AND (debit = 'SPENT'::"LedgerAccount") AND (credit = 'HELD'::"LedgerAccount")) OR ((kind = 'RELEASE'::"LedgerEntryKind") AND (debit = 'AVAILABLE'::"LedgerAccount") AND (credit = 'HELD'::"LedgerAccount")) OR ((kind = 'ADJUST'::"LedgerEntryKind") AND (debit = 'SPENT'::"LedgerAccount") AND (credit = 'AVAILABLE'::"LedgerAccount")) OR ((kind = 'ADJUST'::"LedgerEntryKind") AND (debit = 'AVAILABLE'::"LedgerAccount") AND (credit = 'SPENT'::"LedgerAccount"))));
ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_amount_check
  CHECK ((amount_micros > 0));
ALTER TABLE project_events ADD CONSTRAINT project_events_sequence_check
  CHECK ((sequence > 0));
ALTER TABLE projects ADD CONSTRAINT projects_approval_check
  CHECK (((approval_per_run_micros >= 0) AND (approval_per_batch_micros >= 0)));
ALTER TABLE projects ADD CONSTRAINT projects_counts_check
  CHECK (((active_generations >= 0) AND (excess_generations >= 0) AND (max_concurrent_generations >= 0)));
ALTER TABLE projects ADD CONSTRAINT projects_slots_check
  CHECK ((active_generations <= (max_concurrent_generations + excess_generations)));
ALTER TABLE users ADD CONSTRAINT users_email_check
  CHECK ((email = lower(email)));
ALTER TABLE users ADD CONSTRAINT users_forgotten_check
  CHECK ((((forgotten_at IS NULL) AND (issuer IS NOT NULL) AND (subject IS NOT NULL)) OR ((forgotten_at IS NOT NULL) AND (num_nonnulls(issuer, subject, email, name) = 0)))) NOT VALID;

CREATE INDEX generations_attempted_idx ON public.generations USING btree (provider_account, attempted_at) WHERE (attempted_at IS NOT NULL);
CREATE INDEX generations_batch_idx ON public.generations USING btree (project_id, batch, requested_at, id) WHERE (batch IS NOT NULL);
CREATE INDEX generations_held_idx ON public.generations USING btree (project_id) WHERE ((status <> ALL (ARRAY['COMPLETED'::"GenerationStatus", 'FAILED'::"GenerationStatus", 'CANCELED'::"GenerationStatus"])) OR (cost_micros IS NULL));
CREATE INDEX generations_kept_bytes_idx ON public.generations USING gin (jsonb_path_query_array((COALESCE(outputs, '[]'::jsonb) || output_problems), '$[*]."sha256"'::jsonpath)) WHERE jsonb_path_exists((COALESCE(outputs, '[]'::jsonb) || output_problems), '$[*]."sha256"'::jsonpath);
CREATE INDEX generations_keyed_idx ON public.generations USING btree (requested_at) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX generations_open_idx ON public.generations USING btree (provider_account, attempted_at) WHERE (status = ANY (ARRAY['SUBMITTING'::"GenerationStatus", 'SUBMITTED'::"GenerationStatus", 'PROCESSING'::"GenerationStatus", 'STORING'::"GenerationStatus", 'UNCERTAIN'::"GenerationStatus"]));
CREATE INDEX generations_result_idx ON public.generations USING btree (project_id, result_key, seed) WHERE (result_key IS NOT NULL);
CREATE INDEX generations_under_way_idx ON public.generations USING btree (requested_at) WHERE (holds_slot OR (status = ANY (ARRAY['SUBMITTING'::"GenerationStatus", 'SUBMITTED'::"GenerationStatus", 'PROCESSING'::"GenerationStatus", 'STORING'::"GenerationStatus"])));
CREATE INDEX generations_unfinished_idx ON public.generations USING btree (requested_at) WHERE (status = ANY (ARRAY['QUEUED'::"GenerationStatus", 'SUBMITTING'::"GenerationStatus", 'SUBMITTED'::"GenerationStatus", 'PROCESSING'::"GenerationStatus", 'STORING'::"GenerationStatus"]));
CREATE INDEX generations_unknown_cost_idx ON public.generations USING btree (provider_account) WHERE ((status = ANY (ARRAY['COMPLETED'::"GenerationStatus", 'FAILED'::"GenerationStatus"])) AND (cost_micros IS NULL));
CREATE INDEX generations_waiting_for_idx ON public.generations USING btree (waiting_for, project_id) WHERE (waiting_for IS NOT NULL);
CREATE INDEX generations_waiting_idx ON public.generations USING btree (project_id, requested_at, id) WHERE ((status = 'QUEUED'::"GenerationStatus") AND (NOT holds_slot));
CREATE INDEX ledger_entries_rare_kinds_idx ON public.ledger_entries USING btree (project_id, kind, id) WHERE (kind = ANY (ARRAY['RELEASE'::"LedgerEntryKind", 'ADJUST'::"LedgerEntryKind"]));
CREATE INDEX project_events_budget_alert_idx ON public.project_events USING btree (budget_alert_id) WHERE (budget_alert_id IS NOT NULL);
CREATE INDEX projects_deleting_idx ON public.projects USING btree (deleting_at) WHERE (deleting_at IS NOT NULL);
CREATE UNIQUE INDEX budgets_in_force_idx ON public.budgets USING btree (project_id, scope, period, user_id, api_key_id, character_id, model) NULLS NOT DISTINCT WHERE (removed_at IS NULL);
CREATE UNIQUE INDEX invitations_open_idx ON public.invitations USING btree (project_id, email) WHERE ((accepted_at IS NULL) AND (withdrawn_at IS NULL));
CREATE UNIQUE INDEX provider_keys_in_force_idx ON public.provider_keys USING btree (project_id) WHERE (removed_at IS NULL);

ALTER TABLE account_totals SET (fillfactor=70);
ALTER TABLE budget_windows SET (fillfactor=70);
ALTER TABLE generations SET (autovacuum_vacuum_scale_factor=0.02, autovacuum_analyze_scale_factor=0.02);
ALTER TABLE rate_limits SET UNLOGGED;
ALTER TABLE spend_rollups SET (fillfactor=70);
