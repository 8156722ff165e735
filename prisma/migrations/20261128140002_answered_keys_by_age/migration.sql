-- outside-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS "answered_keys_created_at_idx" ON "answered_keys" ("created_at");
