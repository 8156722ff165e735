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
 * Compares an account at the provider with the books, once. It reads the list of runs, which can also lead to pictures,
 * and then the balance, and settles the runs that they prove. Several processes may do this at once. Throws
 * SegmindError.
 */
export async function reconcileAccount(ctx: Tools, account: Segmind): Promise<void> {
  // When the list does not answer, the balance is read nevertheless.
  const isListHeard = await hear(ctx, account, historyWitness(ctx), anyAge).catch(unheard(ctx, account));
  const observation = await observeBalance(ctx, account);
  if (await isBalanceShared(ctx, account.accountId)) return;
  // The balance proves only the cost. While the provider keeps the pictures, its list may lead to them also, so when
  // the list did not answer, younger runs wait for it.
  await hear(ctx, account, balanceWitness(ctx), isListHeard ? anyAge : ctx.config.SEGMIND_RETENTION_MS);
  const uncertain = await listUncertain(ctx, account.accountId);
  if (uncertain.length < mostUncertain)
    await correctCosts(ctx, account.accountId, uncertain, observation?.id ?? null);
}

/** Logs a SegmindError and resolves to false, because the provider may answer next time. Throws other errors. */
function unheard({ log }: Tools, { accountId }: Segmind) {
  return (error: unknown) => {
    if (!(error instanceof SegmindError)) throw error;
    log.debug({ err: error, account: accountId }, 'the provider could not be asked after uncertain runs');
    return false;
  };
}

const anyAge = 0;

/**
 * Settles the runs that are old enough and for which a witness has a finding. Resolves to whether the witness answered,
 * and the provider answered about each of these runs.
 */
async function hear(ctx: Tools, account: Segmind, witness: Witness, leastAgeMs: number): Promise<boolean> {
  const runs = await listUncertain(ctx, account.accountId);
  // The list of runs is cut: the balance may have paid for a run that is not in it.
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
