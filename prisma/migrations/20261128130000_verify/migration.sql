-- CreateTable
CREATE TABLE "verifications" (
    "mark" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "is_whole" BOOLEAN NOT NULL,
    "projects" INTEGER NOT NULL,
    "entries" BIGINT NOT NULL,
    "finding_count" BIGINT NOT NULL,
    "findings" JSONB NOT NULL,

    CONSTRAINT "verifications_pkey" PRIMARY KEY ("mark")
);

-- CreateIndex
CREATE INDEX "verifications_at_idx" ON "verifications"("at");

-- By hand from here on: what the schema file cannot say.

CREATE TRIGGER "verifications_append_only" BEFORE UPDATE OR DELETE ON "verifications"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "verifications_no_truncate" BEFORE TRUNCATE ON "verifications"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();

-- A role that does not own the tables, and was given rights to all of them, may only read and add here; the history of the
-- migrations it may only read.
DO $$
DECLARE
  given record;
BEGIN
  FOR given IN
    SELECT DISTINCT c.oid::regclass AS relation, g.grantee
    FROM pg_class c, aclexplode(c.relacl) g
    WHERE c.oid IN ('audit_entries'::regclass, 'ledger_entries'::regclass, 'submit_intents'::regclass,
      'verifications'::regclass, '_prisma_migrations'::regclass) AND g.grantee NOT IN (0, c.relowner)
  LOOP
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE %s ON %s FROM %I',
      CASE given.relation WHEN '_prisma_migrations'::regclass THEN ', INSERT' ELSE '' END, given.relation,
      pg_get_userbyid(given.grantee));
  END LOOP;
END
$$;
