-- outside-transaction
-- The few runs that say what they wait for: a pause that ends wakes them, and their projects are told of it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS "generations_waiting_idx" ON "generations" ("waiting_for", "project_id") WHERE "waiting_for" IS NOT NULL;
