import { Conflict, InputProblem } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { authorizeAdmin } from '../access/authorize.ts';
import { listAccounts, openAccount } from './accounts.ts';
import { reconcileAccount } from './reconcile-account.ts';
import { type ReportRow, readReport } from './reconciliation.queries.ts';
import type { ReconcileInput } from './reconciliation.type.ts';

const lines = 20;

/**
 * Reconciles an account now: observes its balance, asks the witnesses, and settles the runs that they prove. Throws
 * Forbidden, InputProblem for an unknown account, and Conflict NOT_REACHED.
 */
export async function reconcile(
  ctx: Uses<'db' | 'viewer' | 'loaders' | 'config' | 'jobs' | 'log' | 'segmind' | 'keyring'>,
  input: ReconcileInput,
): Promise<ReportRow> {
  authorizeAdmin(ctx);
  const account = input.account ?? ctx.segmind.accountId;
  const path = ['input', 'account'];
  if (!(await listAccounts(ctx)).includes(account))
    throw new InputProblem(path, 'account must be one of the accounts of the report.');
  try {
    const opened = await openAccount(ctx, account);
    if (!opened) throw new Conflict('NOT_REACHED', 'The server has no key of this account.', path);
    await reconcileAccount(ctx, opened);
  } catch (error) {
    if (!(error instanceof SegmindError)) throw error;
    throw new Conflict('NOT_REACHED', `The provider did not respond properly: ${error.code}.`, path);
  }
  return readReport(ctx, { account, first: lines });
}
