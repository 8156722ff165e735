-- What the sweep of the storage must know: which pictures are uploads that nobody uses.

-- The rows of before get no value: for them `created_at` counts, and runs are looked through.
ALTER TABLE "images" ADD COLUMN "uploaded_at" TIMESTAMPTZ(3), ADD COLUMN "is_of_run" BOOLEAN;
ALTER TABLE "images" ALTER COLUMN "uploaded_at" SET DEFAULT CURRENT_TIMESTAMP, ALTER COLUMN "is_of_run" SET DEFAULT false;

-- A run holds its pictures in its own JSON, where no foreign key protects them. So each picture that a run names is marked
-- in the transaction of the run, and a marked picture is never swept. A picture that is being swept at the same moment is
-- waited for by the UPDATE, and is gone then: the run is refused with a code of our own.
CREATE OR REPLACE FUNCTION "keep_images_of_run"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  named CONSTANT uuid[] := ARRAY(
    SELECT DISTINCT (reference->>'imageId')::uuid FROM jsonb_array_elements(NEW."references") reference
    WHERE reference->>'imageId' IS NOT NULL ORDER BY 1);
BEGIN
  -- Mostly they are marked already, so that nothing is written.
  IF (SELECT count(*) FROM images WHERE id = ANY (named) AND is_of_run) = cardinality(named) THEN RETURN NEW; END IF;
  UPDATE images SET is_of_run = true WHERE id = ANY (named) AND is_of_run IS NOT true;
  IF (SELECT count(*) FROM images WHERE id = ANY (named) AND is_of_run) < cardinality(named) THEN
    RAISE EXCEPTION 'A run names a picture that is gone.' USING ERRCODE = '23DIM';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER "generations_keep_images" BEFORE INSERT ON "generations"
  FOR EACH ROW WHEN (NEW."references" <> '[]'::jsonb) EXECUTE FUNCTION "keep_images_of_run"();

-- A run may have thousands of outputs that are no pictures. Its row has all of them, an event the first hundred.
CREATE OR REPLACE FUNCTION "generation_progress"(run generations) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('status', run.status, 'isSlow', run.is_slow, 'cancelRequestedAt', iso_text(run.cancel_requested_at),
    'submittedAt', iso_text(run.submitted_at), 'startedAt', iso_text(run.started_at), 'finishedAt', iso_text(run.finished_at),
    'providerRequestId', run.provider_request_id, 'inferenceSeconds', run.inference_seconds,
    'costMicros', run.cost_micros::text, 'costSource', run.cost_source, 'failureCode', run.failure_code,
    'failureMessage', run.failure_message, 'failureRetryable', run.failure_retryable,
    'outputProblems', CASE WHEN jsonb_path_exists(run.output_problems, '$[100]')
      THEN jsonb_path_query_array(run.output_problems, '$[0 to 99]') ELSE run.output_problems END)
$$;
