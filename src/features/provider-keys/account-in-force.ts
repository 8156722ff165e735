import type { Transaction } from '../../platform/db/connect.ts';

/*
 * An account is named by a salted hash of its key, and a run's row has the account that submitted it. The key itself
 * stays in the database, sealed, until the last of its runs has settled. A new key of the same account cannot be
 * recognised by its text, so another key counts as a key of the same account only when the provider knows the run with
 * it. A 404 with another key proves nothing.
 *
 * A new run goes to the account in force when it is submitted, and is polled with the account that took it. Pauses
 * and pace belong to an account, so the empty balance of one project delays no other. Clients of other accounts
 * share the server's connections.
 */

/**
 * The facts that are checked when a run is submitted: its environment is the database's, and its account is in force.
 */
export interface Submittable {
  readonly projectId: string;
  readonly environment: string;
  readonly account: string;
  /** The server's own account. */
  readonly serverAccount: string;
}

/**
 * Whether a run may be submitted to this environment with this account. A project's key is locked until the transaction
 * ends, so a run that is submitted afterwards can be collected with it.
 */
export async function judgeAccount(
  tx: Transaction,
  { projectId, environment, account, serverAccount }: Submittable,
): Promise<'IN_FORCE' | 'OTHER_ACCOUNT' | 'OTHER_ENVIRONMENT'> {
  const [found] = await tx.$queryRaw<{ environment: string; account: string | null }[]>`
    SELECT e.environment, k.account FROM provider_environment() AS e(environment) LEFT JOIN (
      SELECT account, environment FROM provider_keys WHERE project_id = ${projectId}::uuid AND removed_at IS NULL FOR SHARE
    ) k ON k.environment = e.environment`;
  if (found?.environment !== environment) return 'OTHER_ENVIRONMENT';
  return (found.account ?? serverAccount) === account ? 'IN_FORCE' : 'OTHER_ACCOUNT';
}
