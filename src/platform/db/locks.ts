/**
 * The numbers of the advisory locks of a database, by the work that is done under each lock, by one process at a time.
 * A number is never used for other work later, because an older build may hold it.
 */
export const locks = {
  /** Migrating, from the start of the first script to the end of the last. */
  migration: 7_236_500,
  /** The lock of Prisma's engine, which applied the migrations of older builds. */
  prismaMigration: 72_707_369,
  /** Waking the runs that have no job. */
  forgottenRuns: 7_236_501,
  /** Finding out whether the database was restored to an earlier state. */
  databaseReview: 7_236_502,
  /** Comparing the books with the provider's. */
  reconciliation: 7_236_503,
  /** Removing data whose retention time is over. */
  retention: 7_236_504,
  /** Writing in the audit log of the installation. */
  installationLog: 7_236_505,
  /** Giving the folder of the pictures its id. */
  storageIdentity: 7_236_506,
  /** A step of the sweep of the storage. */
  storageSweep: 7_236_507,
  /** Judging the pauses of the provider. */
  incidents: 7_236_511,
  /** A round of verification. */
  verification: 7_236_513,
  /** The verification passes that read everything. */
  passes: 7_236_514,
} as const;
