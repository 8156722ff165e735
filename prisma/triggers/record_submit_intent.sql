-- Keeps the token of each intent to submit a run. A review of the database adds the tokens of lost and of doubtful
-- intents, so the primary key refuses such an intent when it comes later.
--
-- In SQL because every intent is kept, whatever code writes it.
-- Runs on every UPDATE that gives a run a new token and the status `SUBMITTING`.
CREATE OR REPLACE FUNCTION "record_submit_intent"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO submit_intents (token, generation_id) VALUES (NEW.attempt_token, NEW.id);
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER "record_submit_intent" AFTER UPDATE ON "generations" FOR EACH ROW
  WHEN (NEW.status = 'SUBMITTING' AND NEW.attempt_token IS NOT NULL AND NEW.attempt_token IS DISTINCT FROM OLD.attempt_token)
  EXECUTE FUNCTION "record_submit_intent"();
