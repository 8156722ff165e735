-- AlterTable
ALTER TABLE "users" ADD COLUMN     "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "forgotten_at" TIMESTAMPTZ(3),
ALTER COLUMN "issuer" DROP NOT NULL,
ALTER COLUMN "subject" DROP NOT NULL;

-- AlterTable
ALTER TABLE "invitations" ALTER COLUMN "email" DROP NOT NULL;

-- AlterTable
ALTER TABLE "answered_keys" ADD COLUMN     "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- By hand from here on: what the schema file cannot say.

-- Nothing that tells who it was is left of a user who was forgotten, and nothing is written into their row again.
ALTER TABLE "users" ADD CONSTRAINT "users_forgotten_check" CHECK (
  "forgotten_at" IS NULL AND "issuer" IS NOT NULL AND "subject" IS NOT NULL
  OR "forgotten_at" IS NOT NULL AND num_nonnulls("issuer", "subject", "email", "name") = 0
) NOT VALID;
