import { StorageUnavailable, toError } from '../../errors.ts';
import type { TaskContext } from '../../platform/context.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { isTransient } from '../../platform/db/transient.ts';
import {
  DatabaseWentBack,
  readNotes,
  refuseUnproven,
  ServerChanged,
  type Standing,
  standingColumns,
} from '../database-review/prove-database.ts';
import { atMove } from '../generations/move-generation.ts';
import { moveTogether } from '../generations/move-together.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { judgeAccount, type Submittable } from '../provider-keys/account-in-force.ts';
import { type Mine, requeue } from './put-back.ts';
import type { Worker } from './worker.ts';

/** Why an intent was not written. */
export type NoIntent =
  /** Another worker was first, or the run's cancellation was requested. The row shows which. */
  | 'MOVED'
  /** A key was set or removed, or Postgres was restarted, while the run was prepared. */
  | 'CHANGED'
  /** The project is being deleted. */
  | 'GIVEN_UP'
  /** The database has changed to another provider environment. */
  | 'FOREIGN'
  /** The intent could not be noted outside of the database, or the notes of other processes could not be read. */
  | 'UNNOTED'
  /** The database does not know each submitted run. */
  | 'WENT_BACK';

/**
 * Writes the intent to submit a run, first outside of the database, then in it. Its transaction proves that the account
 * still pays for the project, and that the database knows each intent that was noted before. Resolves to the run, which
 * may be sent now and only by this attempt, or to the reason why it may not be sent.
 */
export async function intend(
  ctx: Worker,
  run: GenerationRow,
  mine: Mine & { readonly token: string },
): Promise<GenerationRow | NoIntent> {
  const { intentNotes } = ctx;
  const { token } = mine;
  const account = ctx.segmind.accountId;
  try {
    await intentNotes.noteAccount({ projectId: run.projectId, account });
    await intentNotes.begin({ token, generationId: run.id });
  } catch (error) {
    ctx.notesOutage.failed(error);
    return 'UNNOTED';
  }
  try {
    const intent = await moveTogether(ctx, run, {
      to: 'SUBMITTING',
      from: ['QUEUED'],
      unlessCanceled: true,
      set: {
        attemptToken: token,
        attemptedAt: atMove,
        isAttemptOver: false,
        providerAccount: account,
      },
      provided: {
        name: `account ${account} of ${run.environment}`,
        check: (tx, moved) => {
          const { projectId, environment } = run;
          const submittable = { projectId, environment, account, serverAccount: ctx.serverAccount };
          return refuseToBegin(ctx, tx, submittable, moved);
        },
      },
    });
    ctx.notesOutage.worked();
    if (intent) intentNotes.commit(token);
    else await forget(ctx, token);
    return intent ?? 'MOVED';
  } catch (error) {
    // This attempt will send nothing, so its note is removed, also when the transaction may have been committed.
    await forget(ctx, token);
    if (error instanceof AccountChanged || error instanceof ServerChanged) return 'CHANGED';
    if (error instanceof ProjectGivenUp) return 'GIVEN_UP';
    if (error instanceof OtherEnvironment) return 'FOREIGN';
    if (error instanceof DatabaseWentBack) return 'WENT_BACK';
    if (error instanceof StorageUnavailable) {
      ctx.notesOutage.failed(error);
      return 'UNNOTED';
    }
    // The intent may have been committed in spite of the error. Nothing was sent, so the run goes back into the queue.
    if (isTransient(error)) await requeue(ctx, run, 0, mine);
    throw error;
  }
}

async function forget({ intentNotes, log }: TaskContext, token: string): Promise<void> {
  await intentNotes.drop(token).catch((error: unknown) => {
    log.warn({ err: toError(error) }, 'the note of an intent that was not made could not be removed');
  });
}

/**
 * Checks the conditions for committing the intents of the `moved` runs. The move holds the lock of the project, and
 * this then takes the lock of the key. Setting and removing a key take both locks in the same order.
 */
async function refuseToBegin(
  ctx: TaskContext,
  tx: Transaction,
  submittable: Submittable,
  moved: readonly string[],
): Promise<void> {
  const notes = await readNotes(ctx.intentNotes);
  const [row] = await tx.$queryRaw<(Standing & { isGivenUp: boolean })[]>`
    SELECT deleting_at IS NOT NULL AS "isGivenUp", ${standingColumns(notes)}
    FROM projects WHERE id = ${submittable.projectId}::uuid`;
  if (!row || row.isGivenUp) throw new ProjectGivenUp();
  refuseUnproven(ctx, notes, row, moved);
  const judged = await judgeAccount(tx, submittable);
  if (judged === 'OTHER_ENVIRONMENT') throw new OtherEnvironment();
  if (judged === 'OTHER_ACCOUNT') throw new AccountChanged();
}

/** The database has changed to another provider environment than this process has. */
class OtherEnvironment extends Error {}

/** Another key was set, or the key was removed, while the run was prepared. */
class AccountChanged extends Error {}

/** The deletion of the project was requested while the run was prepared. */
class ProjectGivenUp extends Error {}
