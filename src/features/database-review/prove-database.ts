import { StorageUnavailable } from '../../errors.ts';
import type { TaskContext } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { Prisma } from '../../platform/db/generated/client.ts';
import type { AllNotes, IntentNotes, NotedIntent } from '../../platform/storage/intent-notes.ts';

/*
 * A restored backup, or a replica that lagged and was promoted, has runs as QUEUED that were paid in the meantime.
 * So each process also notes its intents to submit in DATA_DIR, and the transaction of each intent proves that the
 * database knows all intents that any process has noted as committed.
 *
 * - A note names the token of the intent. A trigger keeps the tokens of all intents in `submit_intents`, which only
 *   grows and outlives runs and projects. No moments are compared, because two primaries have two clocks. There is
 *   no counter, because a row that each intent updates would make all projects take turns.
 * - A few notes are enough. A database loses the end of its history and never the middle, so one that knows a later
 *   intent knows the earlier ones too. When an intent is committed, its process drops the notes of those it proved.
 * - The note comes first. It is on the disk, file and folder, before the intent's transaction begins. When it cannot
 *   be written nothing is sent. The notes are read inside the transaction, after its first statement: at that moment
 *   it is certain which Postgres will commit. So an intent that was committed on an earlier primary is always seen.
 * - A note says whether its process has seen the commit. If it has, and the database does not know the token, the
 *   database has gone back. If it has not, the note's Postgres decides, which is named by its start time: on the
 *   same Postgres an unknown token was not committed; after another one has taken its place that cannot be told, so
 *   this one run becomes UNCERTAIN.
 * - A note belongs to one database, whose name is drawn once and kept in its settings. A copy in another cluster is
 *   reviewed and gets a new name: from then on there are two databases.
 *
 * The proof costs no round trip: it is part of the statement that reads the project. A run that ends as never
 * submitted (canceled, rejected, failed before its intent) is proved in the same way, in the transaction that ends
 * it.
 */

/** The setting that names the database, drawn when it is first used: a copy has the same until it is reviewed. */
export const databaseName = 'database';

/** What a database says of itself, and of the intents that were noted. */
export interface Standing {
  /** Null before it was named. */
  readonly database: string | null;
  /** The start of its Postgres: no other server has the same, nor has this one after a restart. */
  readonly server: string;
  /** The tokens of which it knows nothing. */
  readonly missing: readonly string[];
}

/** The columns of a standing, for a statement that is made anyway. */
export function standingColumns({ mine, others }: AllNotes): Prisma.Sql {
  const tokens = [...mine, ...others].map(({ token }) => token);
  return Prisma.sql`(SELECT value FROM settings WHERE name = ${databaseName}) AS database,
    extract(epoch FROM pg_postmaster_start_time())::text AS server,
    ARRAY(SELECT noted.token::text FROM unnest(${tokens}::uuid[]) AS noted(token)
      WHERE NOT EXISTS (SELECT 1 FROM submit_intents i WHERE i.token = noted.token)) AS missing`;
}

/** A standing by a statement of its own. */
export async function readStanding(db: Pick<Transaction, '$queryRaw'>, notes: AllNotes): Promise<Standing> {
  const [standing] = await db.$queryRaw<Standing[]>`SELECT ${standingColumns(notes)}`;
  if (!standing) throw new Error('The database does not tell which one it is.');
  return standing;
}

/** Intents that were committed, and that the database does not know: it has gone back. */
export function lostIntents({ mine, others }: AllNotes, { missing }: Standing): NotedIntent[] {
  const unknown = new Set(missing);
  return [...mine, ...others].filter(({ token, isCommitted }) => isCommitted && unknown.has(token));
}

/**
 * Intents that the database does not know, and that may have been committed all the same: on the Postgres that was there
 * before. An intent that was noted for the present one was not committed, or not yet.
 */
export function doubtfulIntents({ mine, others }: AllNotes, { missing, server }: Standing): NotedIntent[] {
  const unknown = new Set(missing);
  return [...mine, ...others].filter(
    (each) => !each.isCommitted && each.server !== server && unknown.has(each.token),
  );
}

/** The database does not know everything that was submitted, or it is another one than before: it needs a review. */
export class DatabaseWentBack extends Error {}

/** The Postgres was exchanged, or restarted, after the intent was noted: it must be noted once more. */
export class ServerChanged extends Error {}

/**
 * Refuses the intents of `runs` unless the database knows every intent that this process, or another one on the same
 * folder, has committed. It is called within the transaction of the intents, and the notes are read there: by then it is
 * certain which Postgres will commit, and all that was committed on an earlier one was noted before. Throws
 * DatabaseWentBack, ServerChanged.
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
 * Refuses to end `runs` as never submitted unless the database knows everything that was submitted, and none of them may
 * have been submitted on an earlier Postgres. It is called within the transaction that ends them. Throws DatabaseWentBack,
 * StorageUnavailable.
 */
export async function refuseSubmitted(
  { intentNotes }: Pick<TaskContext, 'intentNotes'>,
  tx: Transaction,
  runs: readonly string[],
): Promise<void> {
  const notes = await readNotes(intentNotes);
  refuseBack(intentNotes.database, notes, await readStanding(tx, notes), runs);
}

/** Without the notes nothing is proved. Throws StorageUnavailable. */
export async function readNotes(intentNotes: IntentNotes): Promise<AllNotes> {
  return intentNotes.read().catch((cause: unknown) => {
    throw new StorageUnavailable({ cause });
  });
}

/** Throws DatabaseWentBack where something is lost, or one of `runs` may be. */
function refuseBack(database: string, notes: AllNotes, standing: Standing, runs: readonly string[]): void {
  const isLost = lostIntents(notes, standing).length > 0;
  const doubtful = doubtfulIntents(notes, standing);
  if (isLost || standing.database !== database || doubtful.some((each) => runs.includes(each.generationId)))
    throw new DatabaseWentBack();
}
