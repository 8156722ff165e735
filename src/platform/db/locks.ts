/**
 * The numbers of the advisory locks of a database, by what is done under them: by one process on the database at a time. A
 * number is never used for anything else again, since an older build may hold it.
 */
export const locks = {
  /** Migrating, from the start of the first script to the end of the last. */
  migration: 7_236_500,
  /** The lock of Prisma's engine, which applied the migrations of older builds. */
  prismaMigration: 72_707_369,
  /** Waking runs that no job would wake. */
  forgottenRuns: 7_236_501,
  /** Finding out whether the database went back. */
  databaseReview: 7_236_502,
  /** Comparing the books with the provider's. */
  reconciliation: 7_236_503,
  /** Removing what is past its time. */
  retention: 7_236_504,
  /** Writing in the log of what was done to the installation. */
  installationLog: 7_236_505,
  /** Giving the folder of the pictures its identity. */
  storageIdentity: 7_236_506,
  /** A step of the sweep of the storage. */
  storageSweep: 7_236_507,
  /** Judging the pauses of the provider. */
  incidents: 7_236_511,
  /** A round of verification. */
  verification: 7_236_513,
  /** The passes that read everything. */
  passes: 7_236_514,
} as const;
