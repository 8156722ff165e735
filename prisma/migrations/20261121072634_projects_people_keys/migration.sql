-- CreateEnum
CREATE TYPE "Role" AS ENUM ('OWNER', 'EDITOR', 'VIEWER');

-- AlterTable
ALTER TABLE "projects" ADD COLUMN     "archived_at" TIMESTAMPTZ(3),
ADD COLUMN     "deleting_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "issuer" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "email" TEXT,
    "name" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "members" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "role" "Role" NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "members_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "invitations" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "role" "Role" NOT NULL,
    "token_hash" CHAR(64) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "accepted_at" TIMESTAMPTZ(3),
    "withdrawn_at" TIMESTAMPTZ(3),

    CONSTRAINT "invitations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_keys" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "user_id" UUID,
    "name" TEXT NOT NULL,
    "role" "Role" NOT NULL,
    "prefix" TEXT NOT NULL,
    "secret_hash" CHAR(64) NOT NULL,
    "allowed_models" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "provider_keys" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "account" TEXT NOT NULL,
    "ciphertext" TEXT NOT NULL,
    "last_four" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "removed_at" TIMESTAMPTZ(3),

    CONSTRAINT "provider_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_entries" (
    "project_id" UUID NOT NULL,
    "sequence" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor_kind" TEXT NOT NULL,
    "user_id" UUID,
    "api_key_id" UUID,
    "action" TEXT NOT NULL,
    "target_type" TEXT NOT NULL,
    "target_id" UUID NOT NULL,
    "details" JSONB NOT NULL DEFAULT '{}',
    "previous_hash" CHAR(64) NOT NULL,
    "hash" CHAR(64) NOT NULL,

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("project_id","sequence")
);

-- CreateTable
CREATE TABLE "rate_limits" (
    "key" TEXT NOT NULL,
    "points" INTEGER NOT NULL DEFAULT 0,
    "expire" BIGINT,

    CONSTRAINT "rate_limits_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_issuer_subject_key" ON "users"("issuer", "subject");

-- CreateIndex
CREATE INDEX "members_user_id_idx" ON "members"("user_id");

-- CreateIndex
CREATE INDEX "members_project_id_created_at_id_idx" ON "members"("project_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "members_project_id_user_id_key" ON "members"("project_id", "user_id");

-- CreateIndex
CREATE UNIQUE INDEX "invitations_token_hash_key" ON "invitations"("token_hash");

-- CreateIndex
CREATE INDEX "invitations_project_id_created_at_id_idx" ON "invitations"("project_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_secret_hash_key" ON "api_keys"("secret_hash");

-- CreateIndex
CREATE INDEX "api_keys_project_id_created_at_id_idx" ON "api_keys"("project_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "provider_keys_project_id_idx" ON "provider_keys"("project_id");

-- CreateIndex
CREATE INDEX "audit_entries_project_id_target_id_sequence_idx" ON "audit_entries"("project_id", "target_id", "sequence");

-- CreateIndex
CREATE INDEX "audit_entries_project_id_user_id_sequence_idx" ON "audit_entries"("project_id", "user_id", "sequence");

-- CreateIndex
CREATE INDEX "audit_entries_project_id_api_key_id_sequence_idx" ON "audit_entries"("project_id", "api_key_id", "sequence");

-- CreateIndex
CREATE INDEX "audit_entries_project_id_action_sequence_idx" ON "audit_entries"("project_id", "action", "sequence");

-- CreateIndex
CREATE INDEX "reference_images_image_id_idx" ON "reference_images"("image_id");

-- CreateIndex
CREATE INDEX "generated_images_image_id_idx" ON "generated_images"("image_id");

-- AddForeignKey
ALTER TABLE "members" ADD CONSTRAINT "members_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "members" ADD CONSTRAINT "members_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "provider_keys" ADD CONSTRAINT "provider_keys_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- By hand from here on: what the schema file cannot say.

-- Counters that are worth nothing after a crash.
ALTER TABLE "rate_limits" SET UNLOGGED;

-- Looked at every two seconds, and nearly always empty.
CREATE INDEX "projects_deleting_idx" ON "projects" ("deleting_at") WHERE "deleting_at" IS NOT NULL;

-- One key in force for a project.
CREATE UNIQUE INDEX "provider_keys_in_force_idx" ON "provider_keys" ("project_id") WHERE "removed_at" IS NULL;

-- One open invitation for an address.
CREATE UNIQUE INDEX "invitations_open_idx" ON "invitations" ("project_id", "email")
  WHERE "accepted_at" IS NULL AND "withdrawn_at" IS NULL;

ALTER TABLE "users" ADD CONSTRAINT "users_email_check" CHECK ("email" = lower("email"));
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_email_check" CHECK ("email" = lower("email"));
ALTER TABLE "audit_entries"
  ADD CONSTRAINT "audit_entries_actor_check" CHECK (
    "actor_kind" = 'ADMIN' AND "user_id" IS NULL AND "api_key_id" IS NULL
    OR "actor_kind" = 'USER' AND "user_id" IS NOT NULL AND "api_key_id" IS NULL
    OR "actor_kind" = 'API_KEY' AND "api_key_id" IS NOT NULL
  );

-- The keys that open something now, and what they may do. A person's key goes with their membership and never does
-- more than they may; roles are declared from most to least, so the greater of two is the lesser role.
CREATE VIEW "live_api_keys" AS
  SELECT k.*, greatest(k."role", m."role") AS "effective_role"
  FROM "api_keys" k LEFT JOIN "members" m ON m."project_id" = k."project_id" AND m."user_id" = k."user_id"
  WHERE k."revoked_at" IS NULL AND (k."expires_at" IS NULL OR k."expires_at" > now())
    AND (k."user_id" IS NULL OR m."id" IS NOT NULL);

-- Numbers an entry and chains it to the one before. The project's row is locked, so that entries take turns.
CREATE FUNCTION "chain_audit_entry"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  newest record;
BEGIN
  PERFORM 1 FROM projects WHERE id = NEW.project_id FOR NO KEY UPDATE;
  SELECT sequence, hash INTO newest FROM audit_entries
    WHERE project_id = NEW.project_id ORDER BY sequence DESC LIMIT 1;
  NEW.sequence := coalesce(newest.sequence, 0) + 1;
  NEW.at := date_trunc('milliseconds', clock_timestamp());
  NEW.previous_hash := coalesce(newest.hash, repeat('0', 64));
  NEW.hash := audit_entry_hash(NEW);
  RETURN NEW;
END
$$;

-- Over everything that an entry says, and the hash of the one before. Length-prefixed by JSON, so that no two
-- entries spell the same text.
CREATE FUNCTION "audit_entry_hash"(entry audit_entries) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(convert_to(jsonb_build_array(
    entry.previous_hash, entry.project_id, entry.sequence, extract(epoch FROM entry.at)::text, entry.actor_kind,
    entry.user_id, entry.api_key_id, entry.action, entry.target_type, entry.target_id, entry.details
  )::text, 'UTF8')), 'hex')
$$;

CREATE TRIGGER "audit_entries_chain" BEFORE INSERT ON "audit_entries"
  FOR EACH ROW EXECUTE FUNCTION "chain_audit_entry"();

CREATE FUNCTION "refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER "audit_entries_append_only" BEFORE UPDATE OR DELETE ON "audit_entries"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "audit_entries_no_truncate" BEFORE TRUNCATE ON "audit_entries"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
