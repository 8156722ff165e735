import type { Transaction } from '../../platform/db/connect.ts';
import { recordEvent } from '../access/record-event.ts';
import { type GenerationRow, writeProgress } from './progress.ts';

/** What an ended run is found to have cost, and how that is known. */
export interface FoundCost {
  readonly costMicros: bigint;
  readonly costSource: CostSource;
}

/**
 * Where a run's cost is from. PROVIDER: its own figure. PRICE_LIST: it told none. HISTORY: its list of runs. BALANCE: what
 * its account's balance lost. PERSON: somebody looked. NOT_CHARGED, NOT_SUBMITTED: it cost nothing.
 */
export const costSources = [
  'PROVIDER',
  'PRICE_LIST',
  'HISTORY',
  'BALANCE',
  'PERSON',
  'NOT_CHARGED',
  'NOT_SUBMITTED',
] as const;
export type CostSource = (typeof costSources)[number];

/**
 * Puts right what an ended run has cost; the database books the difference. Only while the run still says what the
 * caller has seen of it: null when it has changed meanwhile, or has not ended.
 */
export async function recordCost(
  tx: Transaction,
  { id, costMicros: seen }: Pick<GenerationRow, 'id' | 'costMicros'>,
  { costMicros, costSource }: FoundCost,
): Promise<GenerationRow | null> {
  const { count } = await tx.generation.updateMany({
    where: { id, status: { in: ['COMPLETED', 'FAILED'] }, costMicros: seen },
    data: { costMicros, costSource },
  });
  if (count === 0) return null;
  const row = await tx.generation.findUniqueOrThrow({ where: { id } });
  await recordEvent(tx, {
    projectId: row.projectId,
    kind: 'GENERATION_COST_CORRECTED',
    generationId: id,
    characterId: row.characterId,
    progress: writeProgress(row),
  });
  return row;
}
