-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "ReferenceImageKind" AS ENUM ('FACE', 'BODY', 'STYLE', 'POSE');

-- CreateEnum
CREATE TYPE "GenerationStatus" AS ENUM ('QUEUED', 'SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING', 'COMPLETED', 'FAILED', 'CANCELED', 'UNCERTAIN');

-- CreateTable
CREATE TABLE "settings" (
    "name" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    CONSTRAINT "settings_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "projects" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "last_sequence" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "projects_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "images" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "sha256" CHAR(64) NOT NULL,
    "content_type" TEXT NOT NULL,
    "size_bytes" INTEGER NOT NULL,
    "width" INTEGER NOT NULL,
    "height" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "images_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "characters" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "appearance" TEXT,
    "negative_prompt" TEXT,
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "archived_at" TIMESTAMPTZ(3),

    CONSTRAINT "characters_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "reference_images" (
    "id" UUID NOT NULL,
    "character_id" UUID NOT NULL,
    "image_id" UUID NOT NULL,
    "kind" "ReferenceImageKind" NOT NULL,
    "label" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "reference_images_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "generations" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "character_id" UUID NOT NULL,
    "idempotency_key" TEXT,
    "request_hash" CHAR(64) NOT NULL,
    "model" TEXT NOT NULL,
    "model_version" TEXT NOT NULL,
    "prompt" TEXT,
    "parameters" JSONB NOT NULL,
    "references" JSONB NOT NULL,
    "seed" BIGINT NOT NULL,
    "price_micros" BIGINT,
    "requested_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "status" "GenerationStatus" NOT NULL DEFAULT 'QUEUED',
    "wakeup_id" UUID NOT NULL,
    "attempt_token" UUID,
    "provider_account" TEXT,
    "provider_request_id" TEXT,
    "is_slow" BOOLEAN NOT NULL DEFAULT false,
    "cancel_requested_at" TIMESTAMPTZ(3),
    "submitted_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "inference_seconds" DOUBLE PRECISION,
    "cost_micros" BIGINT,
    "cost_source" TEXT,
    "failure_code" TEXT,
    "failure_message" TEXT,
    "failure_retryable" BOOLEAN,
    "outputs" JSONB,
    "output_problems" JSONB NOT NULL DEFAULT '[]',

    CONSTRAINT "generations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "generated_images" (
    "id" UUID NOT NULL,
    "generation_id" UUID NOT NULL,
    "index" INTEGER NOT NULL,
    "image_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "generated_images_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "project_events" (
    "project_id" UUID NOT NULL,
    "sequence" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "generation_id" UUID,
    "character_id" UUID,
    "progress" JSONB,

    CONSTRAINT "project_events_pkey" PRIMARY KEY ("project_id","sequence")
);

-- CreateTable
CREATE TABLE "provider_assets" (
    "provider_account" TEXT NOT NULL,
    "sha256" CHAR(64) NOT NULL,
    "url" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "provider_assets_pkey" PRIMARY KEY ("provider_account","sha256")
);

-- CreateTable
CREATE TABLE "provider_pauses" (
    "provider_account" TEXT NOT NULL,
    "model" TEXT NOT NULL DEFAULT '',
    "reason" TEXT NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "provider_pauses_pkey" PRIMARY KEY ("provider_account","model")
);

-- CreateIndex
CREATE INDEX "projects_created_at_id_idx" ON "projects"("created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "images_project_id_sha256_key" ON "images"("project_id", "sha256");

-- CreateIndex
CREATE INDEX "characters_project_id_created_at_id_idx" ON "characters"("project_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "reference_images_character_id_created_at_id_idx" ON "reference_images"("character_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "generations_project_id_requested_at_id_idx" ON "generations"("project_id", "requested_at", "id");

-- CreateIndex
CREATE INDEX "generations_character_id_requested_at_id_idx" ON "generations"("character_id", "requested_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "generations_project_id_idempotency_key_key" ON "generations"("project_id", "idempotency_key");

-- CreateIndex
CREATE UNIQUE INDEX "generations_provider_account_provider_request_id_key" ON "generations"("provider_account", "provider_request_id");

-- CreateIndex
CREATE UNIQUE INDEX "generated_images_generation_id_index_key" ON "generated_images"("generation_id", "index");

-- CreateIndex
CREATE INDEX "project_events_generation_id_sequence_idx" ON "project_events"("generation_id", "sequence");

-- AddForeignKey
ALTER TABLE "images" ADD CONSTRAINT "images_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "characters" ADD CONSTRAINT "characters_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reference_images" ADD CONSTRAINT "reference_images_character_id_fkey" FOREIGN KEY ("character_id") REFERENCES "characters"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reference_images" ADD CONSTRAINT "reference_images_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "images"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "generations" ADD CONSTRAINT "generations_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "generations" ADD CONSTRAINT "generations_character_id_fkey" FOREIGN KEY ("character_id") REFERENCES "characters"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "generated_images" ADD CONSTRAINT "generated_images_generation_id_fkey" FOREIGN KEY ("generation_id") REFERENCES "generations"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "generated_images" ADD CONSTRAINT "generated_images_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "images"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "project_events" ADD CONSTRAINT "project_events_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "project_events" ADD CONSTRAINT "project_events_generation_id_fkey" FOREIGN KEY ("generation_id") REFERENCES "generations"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- By hand from here on: what the schema file cannot say. (No semicolons in comments, the engine cuts there.)

-- The sweep looks for unfinished runs only, which are few among many.
CREATE INDEX "generations_unfinished_idx" ON "generations" ("requested_at")
  WHERE "status" IN ('QUEUED', 'SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING');

ALTER TABLE "generations"
  ADD CONSTRAINT "generations_cost_check" CHECK ("cost_micros" >= 0 AND "price_micros" >= 0),
  ADD CONSTRAINT "generations_finished_check" CHECK (("finished_at" IS NOT NULL) = ("status" IN ('COMPLETED', 'FAILED', 'CANCELED'))),
  ADD CONSTRAINT "generations_attempt_check" CHECK ("status" <> 'SUBMITTING' OR "attempt_token" IS NOT NULL);

ALTER TABLE "images"
  ADD CONSTRAINT "images_size_check" CHECK ("width" > 0 AND "height" > 0 AND "size_bytes" > 0);

ALTER TABLE "project_events"
  ADD CONSTRAINT "project_events_sequence_check" CHECK ("sequence" > 0);
