-- outside-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS "generations_keyed_idx" ON "generations" ("requested_at") WHERE "idempotency_key" IS NOT NULL;
