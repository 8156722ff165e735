-- outside-transaction
-- The few runs that say what they wait for: a pause that ends wakes them, and their projects are told of it. The index of
-- 20261128121000 was never built, because its name was taken.
CREATE INDEX CONCURRENTLY IF NOT EXISTS "generations_waiting_for_idx" ON "generations" ("waiting_for", "project_id") WHERE "waiting_for" IS NOT NULL;
