-- CreateTable
CREATE TABLE "job_holders" (
    "id" UUID NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "is_over" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "job_holders_pkey" PRIMARY KEY ("id")
);
