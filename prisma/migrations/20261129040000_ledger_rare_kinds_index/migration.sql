-- outside-transaction
-- Runs may go for a long time without an entry of these kinds. The ledger is read by kind in the order of its ids; the
-- other kinds are a third of all entries each, so reading them needs no index.
CREATE INDEX CONCURRENTLY IF NOT EXISTS "ledger_entries_rare_kinds_idx" ON "ledger_entries" ("project_id", "kind", "id")
  WHERE "kind" IN ('RELEASE', 'ADJUST');
