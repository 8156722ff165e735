-- outside-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS "generations_kept_bytes_idx" ON "generations" USING gin (
  jsonb_path_query_array(coalesce(outputs, '[]') || output_problems, '$[*].sha256'))
  WHERE jsonb_path_exists(coalesce(outputs, '[]') || output_problems, '$[*].sha256');
