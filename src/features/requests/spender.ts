import type { Viewer } from '../../platform/auth/viewer.ts';
import type { Uses } from '../../platform/context.ts';
import { type BudgetVerdict, judgeBudgets } from '../budgets/verdicts.ts';

/** The user and the API key that a run of the viewer counts for. A PERSONAL key gives both; the admin gives neither. */
export function spenderOf(viewer: Viewer): { userId: string | null; apiKeyId: string | null } {
  return {
    userId: viewer.kind === 'ADMIN' ? null : viewer.userId,
    apiKeyId: viewer.kind === 'API_KEY' ? viewer.apiKeyId : null,
  };
}

/**
 * Whether an amount of micro-dollars fits into each budget that covers such a run of the viewer, oldest budget first.
 */
export function judgeHold(
  { db, viewer }: Uses<'db' | 'viewer'>,
  { projectId, characterId, model }: { projectId: string; characterId: string; model: string },
  holdMicros: bigint,
): Promise<BudgetVerdict[]> {
  return judgeBudgets(db, { projectId, characterId, model, ...spenderOf(viewer) }, holdMicros);
}
