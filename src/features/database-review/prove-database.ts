import { StorageUnavailable } from '../../errors.ts';
import type { TaskContext } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { Prisma } from '../../platform/db/generated/client.ts';
import type { AllNotes, IntentNotes, NotedIntent } from '../../platform/storage/intent-notes.ts';

/*
 * A restored backup, or a replica that lagged and was promoted, has runs as QUEUED that were submitted and paid after
 * that state. So each process also notes its intents to submit in DATA_DIR, and the transaction of each intent proves
 * that the database knows all intents that any process has noted as committed.
 *
 * - A note names the token of the intent. A trigger keeps the tokens of all intents in `submit_intents`, which only
 *   grows and outlives runs and projects. No moments are compared, because two primaries have two clocks. There is
 *   no counter, because a row that each intent updates would make all projects take turns.
 * - A few notes are enough. A database loses the end of its history and never the middle, so a database that knows a
 *   later intent also knows the earlier ones. When an intent is committed, its process drops the notes of the intents
 *   that the commit proved.
 * - The note comes first. It is on the disk, file and folder, before the intent's transaction begins. When it cannot
 *   be written nothing is sent. The notes are read inside the transaction, after its first statement: at that moment
 *   it is certain which Postgres will commit. So an intent that was committed on an earlier primary is always seen.
 * - A note says whether its process has seen the commit. If it has, and the database does not know the token, the
 *   database has gone back. If it has not, the note's Postgres decides, which is named by its start time. On the same
 *   Postgres an unknown token was not committed. On another Postgres it is unknown whether the token was committed, so
 *   this run becomes UNCERTAIN.
 * - A note belongs to one database, whose name is drawn once and kept in its settings. A copy in another cluster is
 *   reviewed and gets a new name: from then on there are two databases.
 *
 * The proof costs no round trip: it is part of the statement that reads the project. A run that ends as never
 * submitted (canceled, rejected, failed before its intent) is proved in the same way, in the transaction that ends
 * it.
 */

/**
 * The setting with the name of the database. It is drawn at the first use. A copy has the same name until its review.
 */
export const databaseName = 'database';

/** The identity of a database, and the noted intents that it does not know. */
export interface Standing {
  /** Null before it was named. */
  readonly database: string | null;
  /** The start time of its Postgres. Another server, or the same server after a restart, has another one. */
  readonly server: string;
  /** The tokens that it does not know. */
  readonly missing: readonly string[];
}

/** The columns of a standing, for use in another statement. */
export function standingColumns({ mine, others }: AllNotes): Prisma.Sql {
  const tokens = [...mine, ...others].map(({ token }) => token);
  return Prisma.sql`(SELECT value FROM settings WHERE name = ${databaseName}) AS database,
    extract(epoch FROM pg_postmaster_start_time())::text AS server,
    ARRAY(SELECT noted.token::text FROM unnest(${tokens}::uuid[]) AS noted(token)
      WHERE NOT EXISTS (SELECT 1 FROM submit_intents i WHERE i.token = noted.token)) AS missing`;
}

/** Reads a standing in a separate statement. */
export async function readStanding(db: Pick<Transaction, '$queryRaw'>, notes: AllNotes): Promise<Standing> {
  const [standing] = await db.$queryRaw<Standing[]>`SELECT ${standingColumns(notes)}`;
  if (!standing) throw new Error('The database did not return its identity.');
  return standing;
}

/** Committed intents that the database does not know. Each of them shows that the database has gone back. */
export function lostIntents({ mine, others }: AllNotes, { missing }: Standing): NotedIntent[] {
  const unknown = new Set(missing);
  return [...mine, ...others].filter(({ token, isCommitted }) => isCommitted && unknown.has(token));
}

/**
 * Intents that the database does not know, and that may have been committed on an earlier Postgres. An unknown intent
 * that was noted for the present Postgres is not committed, or not yet.
 */
export function doubtfulIntents({ mine, others }: AllNotes, { missing, server }: Standing): NotedIntent[] {
  const unknown = new Set(missing);
  return [...mine, ...others].filter(
    (each) => !each.isCommitted && each.server !== server && unknown.has(each.token),
  );
}

/** The database needs a review: it does not know each submitted run, or it is another database than before. */
export class DatabaseWentBack extends Error {}

/** Postgres was replaced or restarted after the intent was noted, so the intent must be noted again. */
export class ServerChanged extends Error {}

/**
 * Refuses the intents of `runs` unless the database knows each intent that this process, or another process on the same
 * folder, has committed. It is called inside the transaction of the intents, where the notes are also read: by then it
 * is certain which Postgres will commit, and each intent that was committed on an earlier Postgres was noted before.
 * Throws DatabaseWentBack, ServerChanged.
 */
export function refuseUnproven(
  { intentNotes }: Pick<TaskContext, 'intentNotes'>,
  notes: AllNotes,
  standing: Standing,
  runs: readonly string[],
): void {
  refuseBack(intentNotes.database, notes, standing, []);
  intentNotes.server = standing.server;
  const begun = notes.mine.filter((each) => !each.isCommitted && runs.includes(each.generationId));
  if (begun.some(({ server }) => server !== standing.server)) throw new ServerChanged();
  refuseBack(intentNotes.database, notes, standing, runs);
}

/**
 * Refuses to end `runs` as never submitted when the database does not know each committed intent, or when one of the
 * runs may have been submitted on an earlier Postgres. It is called inside the transaction that ends the runs. Throws
 * DatabaseWentBack, StorageUnavailable.
 */
export async function refuseSubmitted(
  { intentNotes }: Pick<TaskContext, 'intentNotes'>,
  tx: Transaction,
  runs: readonly string[],
): Promise<void> {
  const notes = await readNotes(intentNotes);
  refuseBack(intentNotes.database, notes, await readStanding(tx, notes), runs);
}

/** Reads the notes. Without them there is no proof, so it throws StorageUnavailable when they cannot be read. */
export async function readNotes(intentNotes: IntentNotes): Promise<AllNotes> {
  return intentNotes.read().catch((cause: unknown) => {
    throw new StorageUnavailable({ cause });
  });
}

/**
 * Throws DatabaseWentBack when an intent is lost, when the database has another name, or when one of `runs` is in
 * doubt.
 */
function refuseBack(database: string, notes: AllNotes, standing: Standing, runs: readonly string[]): void {
  const isLost = lostIntents(notes, standing).length > 0;
  const doubtful = doubtfulIntents(notes, standing);
  if (isLost || standing.database !== database || doubtful.some((each) => runs.includes(each.generationId)))
    throw new DatabaseWentBack();
}
