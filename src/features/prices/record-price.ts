import type { Transaction } from '../../platform/db/connect.ts';

/** What a run taught: what it cost and how long it took, each null where the provider is silent. */
export interface PriceLesson {
  readonly model: string;
  readonly priceShape: string;
  readonly outputCount: number;
  readonly costMicros: bigint | null;
  readonly seconds: number | null;
  /** PROVIDER: its own figure. BALANCE: what an account's balance lost by the run. */
  readonly source: 'PROVIDER' | 'BALANCE';
}

/** Adds an observation to the price book, in the transaction that books the run. */
export async function recordPrice(tx: Transaction, lesson: PriceLesson): Promise<void> {
  const { model, priceShape, outputCount, costMicros, seconds, source } = lesson;
  if (costMicros === null && seconds === null) return;
  await tx.priceObservation.create({
    data: { model, shape: priceShape, outputs: outputCount, costMicros, seconds, source },
  });
}
