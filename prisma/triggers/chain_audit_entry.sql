-- Numbers, dates and hashes an audit entry before it is inserted. Its number is one more than that of the newest entry
-- of its project, and its hash covers the hash of that entry. The project's row is locked, so that the entries of one
-- project are written one after another.
--
-- In SQL because every entry is chained, also one that a SQL function or a person at a database prompt inserts.
-- Runs on every INSERT into `audit_entries`: `recordAudit`, and `request_generation`.
CREATE OR REPLACE FUNCTION "chain_audit_entry"() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE OR REPLACE TRIGGER "audit_entries_chain" BEFORE INSERT ON "audit_entries"
  FOR EACH ROW EXECUTE FUNCTION "chain_audit_entry"();
