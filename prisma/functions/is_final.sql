-- Whether a run has ended: only its cost and the rating of its pictures may still change.
--
-- In SQL because triggers and reports need the same answer inside of a statement.
-- Called by `book_generation`, `keep_slot`, `needs_approval`, `reusable_generation`, the trigger `generations_roll_up`,
-- and the statements of the reconciliation.
CREATE OR REPLACE FUNCTION "is_final"(status "GenerationStatus") RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT status IN ('COMPLETED', 'FAILED', 'CANCELED')
$$;
