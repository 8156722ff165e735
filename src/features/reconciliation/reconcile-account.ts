import type { TaskContext } from '../../platform/context.ts';
import type { Segmind } from '../../platform/segmind/segmind.ts';
import { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { applyFinding } from './apply-finding.ts';
import { balanceWitness } from './balance-witness.ts';
import { correctCosts } from './correct-costs.ts';
import { historyWitness } from './history-witness.ts';
import { observeBalance } from './observe-balance.ts';
import { isBalanceShared } from './shared-balance.ts';
import { listUncertain, mostUncertain } from './uncertain-runs.ts';
import type { Witness } from './witness.ts';

type Tools = Pick<TaskContext, 'db' | 'jobs' | 'config' | 'log'>;

/**
 * Compares an account at the provider with the books, once: asks the list of runs, which can also give pictures back,
 * then the balance, and settles what they prove. Safe in any number of processes at once. Throws SegmindError.
 */
export async function reconcileAccount(ctx: Tools, account: Segmind): Promise<void> {
  // A list that does not answer must not keep the balance from being asked.
  const isListHeard = await hear(ctx, account, historyWitness(ctx), anyAge).catch(unheard(ctx, account));
  const observation = await observeBalance(ctx, account);
  if (await isBalanceShared(ctx, account.accountId)) return;
  // The balance knows the money; as long as the provider keeps the pictures, its list may lead to them as well.
  await hear(ctx, account, balanceWitness(ctx), isListHeard ? anyAge : ctx.config.SEGMIND_RETENTION_MS);
  const uncertain = await listUncertain(ctx, account.accountId);
  if (uncertain.length < mostUncertain)
    await correctCosts(ctx, account.accountId, uncertain, observation?.id ?? null);
}

/** What the provider does not tell now it may tell next time. */
function unheard({ log }: Tools, { accountId }: Segmind) {
  return (error: unknown) => {
    if (!(error instanceof SegmindError)) throw error;
    log.debug({ err: error, account: accountId }, 'the provider could not be asked after uncertain runs');
    return false;
  };
}

const anyAge = 0;

/**
 * Settles what a witness proves of runs that are old enough. Resolves to whether all of it was heard: it has answered, and
 * so has the provider about each run that it named.
 */
async function hear(ctx: Tools, account: Segmind, witness: Witness, leastAgeMs: number): Promise<boolean> {
  const runs = await listUncertain(ctx, account.accountId);
  // Whoever is not looked at may be the one that the balance lost by.
  if (witness.name === 'BALANCE' && runs.length >= mostUncertain) return true;
  const findings = await witness.examine(account, runs);
  let isHeard = findings !== null;
  for (const run of runs) {
    const finding = findings?.get(run.id);
    if (!finding || run.ageMs < leastAgeMs) continue;
    const applied = applyFinding(ctx, account, run, finding, witness.name);
    const isAnswered = await applied.then(() => true, unheard(ctx, account));
    isHeard &&= isAnswered;
  }
  return isHeard;
}
