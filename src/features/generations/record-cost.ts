import type { Transaction } from '../../platform/db/connect.ts';
import { recordEvent } from '../access/record-event.ts';
import { type GenerationRow, writeProgress } from './progress.ts';

/** The cost that was found for an ended run, and its source. */
export interface FoundCost {
  readonly costMicros: bigint;
  readonly costSource: CostSource;
}

/**
 * The source of a run's cost. PROVIDER: the provider's figure. PRICE_LIST: the list price, because the provider sent no
 * figure. HISTORY: the provider's list of runs. BALANCE: the decrease of the account's balance. PERSON: a person
 * entered it. NOT_CHARGED, NOT_SUBMITTED: the run cost nothing.
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
 * Corrects the cost of an ended run; the database books the difference. The cost is only written while the row still
 * has the cost that the caller has read. Resolves to null when it has changed meanwhile, or the run has not ended.
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
