-- The hash of an audit entry: SHA-256 over all values of the entry and the hash of the entry before it. The values are
-- elements of a JSON array, so no two entries give the same text.
--
-- In SQL because `chain_audit_entry` needs it before the row is inserted. The verification computes the same in the
-- process, because a person who can change entries can also replace this function; the two must stay equal.
-- Called by `chain_audit_entry`.
CREATE OR REPLACE FUNCTION "audit_entry_hash"(entry audit_entries) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(convert_to(jsonb_build_array(
    entry.previous_hash, entry.project_id, entry.sequence, extract(epoch FROM entry.at)::text, entry.actor_kind,
    entry.user_id, entry.api_key_id, entry.action, entry.target_type, entry.target_id, entry.details
  )::text, 'UTF8')), 'hex')
$$;
