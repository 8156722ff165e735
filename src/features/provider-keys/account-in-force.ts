import type { Transaction } from '../../platform/db/connect.ts';

/** What must hold when a run is submitted: its environment is the database's, and its account the one in force. */
export interface Submittable {
  readonly projectId: string;
  readonly environment: string;
  readonly account: string;
  /** The server's own account. */
  readonly serverAccount: string;
}

/**
 * Whether a run may be submitted to this environment with this account. A project's key stays in force until the
 * transaction ends, so what is submitted after it can be collected with it.
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
