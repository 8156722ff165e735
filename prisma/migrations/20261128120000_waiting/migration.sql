-- AlterTable
ALTER TABLE "provider_pauses" ADD COLUMN     "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "tries" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "provider_incidents" (
    "provider_account" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "tries" INTEGER NOT NULL,
    "cleared_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "repeats" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "provider_incidents_pkey" PRIMARY KEY ("provider_account","reason")
);

-- CreateTable
CREATE TABLE "provider_notices" (
    "project_id" UUID NOT NULL,
    "provider_account" TEXT NOT NULL,
    "reason" TEXT NOT NULL,

    CONSTRAINT "provider_notices_pkey" PRIMARY KEY ("project_id","provider_account","reason")
);

-- CreateIndex
CREATE INDEX "provider_notices_provider_account_reason_idx" ON "provider_notices"("provider_account", "reason");

-- AddForeignKey
ALTER TABLE "provider_notices" ADD CONSTRAINT "provider_notices_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "provider_notices" ADD CONSTRAINT "provider_notices_provider_account_reason_fkey" FOREIGN KEY ("provider_account", "reason") REFERENCES "provider_incidents"("provider_account", "reason") ON DELETE RESTRICT ON UPDATE CASCADE;

-- As before; a run that comes to the queue without a slot waits for one from that moment on.
CREATE OR REPLACE FUNCTION "move_generation"(asked jsonb) RETURNS SETOF generations LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY UPDATE generations g SET (
    status, attempt_token, attempted_at, is_attempt_over, wakeup_id, provider_account, provider_request_id, is_slow,
    cancel_requested_at, submitted_at, started_at, finished_at, inference_seconds, cost_micros, cost_source,
    failure_code, failure_message, failure_retryable, outputs, output_problems, pictures, waiting_for, waiting_since
  ) = (
    SELECT p.status, p.attempt_token, p.attempted_at, p.is_attempt_over, p.wakeup_id, p.provider_account,
      p.provider_request_id, p.is_slow, p.cancel_requested_at, p.submitted_at, p.started_at, p.finished_at,
      p.inference_seconds, p.cost_micros, p.cost_source, p.failure_code, p.failure_message, p.failure_retryable,
      p.outputs, p.output_problems, p.pictures,
      CASE WHEN p.status = 'QUEUED' AND NOT g.holds_slot THEN 'SLOT' END,
      CASE WHEN p.status = 'QUEUED' AND NOT g.holds_slot THEN now() END
    FROM jsonb_populate_record(g, asked->'set') p
  )
  WHERE g.id = (asked->>'id')::uuid AND asked->'from' ? g.status::text
    AND (g.attempt_token = (asked->>'token')::uuid
      OR CASE WHEN (asked->>'orUnheld')::boolean THEN g.attempt_token IS NULL ELSE asked->>'token' IS NULL END)
    AND (NOT (asked->>'unlessCanceled')::boolean OR g.cancel_requested_at IS NULL)
  RETURNING g.*;
END
$$;
