import type { Transaction } from '../../platform/db/connect.ts';

/** What a run taught: what it cost and how long it took, each null where the provider is silent. */
export interface PriceLesson {
  readonly model: string;
  readonly priceShape: string;
  readonly outputCount: number;
  readonly costMicros: bigint | null;
  readonly seconds: number | null;
  /** Whose prices they are. */
  readonly providerAccount: string | null;
  /** PROVIDER: its own figure. BALANCE: what an account's balance lost by the run. */
  readonly source: 'PROVIDER' | 'BALANCE';
}

/**
 * Adds an observation to the price book, in the transaction that books the run. What a project pays on an account of its
 * own, and what cost nothing, teaches nobody: the book decides what is held for everybody else.
 */
export async function recordPrice(tx: Transaction, lesson: PriceLesson): Promise<void> {
  const { model, priceShape, outputCount, seconds, source, providerAccount } = lesson;
  const costMicros = lesson.costMicros === 0n ? null : lesson.costMicros;
  if (costMicros === null && seconds === null) return;
  if (providerAccount !== null && (await tx.providerKey.count({ where: { account: providerAccount } })) > 0)
    return;
  await tx.priceObservation.create({
    data: { model, shape: priceShape, outputs: outputCount, costMicros, seconds, source },
  });
}
