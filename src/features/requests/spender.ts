import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Uses } from '../../platform/context.ts';
import { type BudgetVerdict, judgeBudgets } from '../budgets/verdicts.ts';

/** Whose budgets a run counts for: the person, also through a key of theirs, and the key. Neither for the admin. */
export function spenderOf(viewer: Viewer): { userId: string | null; apiKeyId: string | null } {
  return {
    userId: viewer.kind === 'ADMIN' ? null : viewer.userId,
    apiKeyId: viewer.kind === 'API_KEY' ? viewer.apiKeyId : null,
  };
}

/** What each budget that covers such a run of the viewer says to an amount of micro-dollars, oldest first. */
export function judgeHold(
  { db, viewer }: Uses<'db' | 'viewer'>,
  { projectId, characterId, model }: { projectId: string; characterId: string; model: string },
  holdMicros: bigint,
): Promise<BudgetVerdict[]> {
  return judgeBudgets(db, { projectId, characterId, model, ...spenderOf(viewer) }, holdMicros);
}
