-- CreateIndex
CREATE INDEX "generations_project_id_status_requested_at_id_idx" ON "generations"("project_id", "status", "requested_at", "id");

-- A batch is listed newest first: the order belongs to its index.
DROP INDEX "generations_batch_idx";
CREATE INDEX "generations_batch_idx" ON "generations" ("project_id", "batch", "requested_at", "id") WHERE "batch" IS NOT NULL;
