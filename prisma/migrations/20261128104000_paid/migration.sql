-- Why a run waits although its turn has come, and since when.
ALTER TABLE "generations" ADD COLUMN "waiting_for" TEXT, ADD COLUMN "waiting_since" TIMESTAMPTZ(3);
