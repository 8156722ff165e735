-- Refuses to change or remove rows of a table that only grows: the audit log, the ledger, and the marks of
-- verifications.
--
-- In SQL because it also stops a mistake of our own code and a statement at a database prompt. Only the owner of the
-- table can switch it off.
-- Runs on every UPDATE, DELETE and TRUNCATE of those tables.
CREATE OR REPLACE FUNCTION "refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE OR REPLACE TRIGGER "audit_entries_append_only" BEFORE UPDATE OR DELETE ON "audit_entries"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();

CREATE OR REPLACE TRIGGER "audit_entries_no_truncate" BEFORE TRUNCATE ON "audit_entries"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();

CREATE OR REPLACE TRIGGER "ledger_entries_append_only" BEFORE UPDATE OR DELETE ON "ledger_entries"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();

CREATE OR REPLACE TRIGGER "ledger_entries_no_truncate" BEFORE TRUNCATE ON "ledger_entries"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();

CREATE OR REPLACE TRIGGER "verifications_append_only" BEFORE UPDATE OR DELETE ON "verifications"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();

CREATE OR REPLACE TRIGGER "verifications_no_truncate" BEFORE TRUNCATE ON "verifications"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
