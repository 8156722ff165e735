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
  /** The run's. */
  readonly environment: string;
  /** PROVIDER: its own figure. BALANCE: what an account's balance lost by the run. */
  readonly source: 'PROVIDER' | 'BALANCE';
}

/**
 * Adds an observation to the price book, in the transaction that books the run. What a project pays on an account of its
 * own, and what cost nothing, teaches nobody: the book decides what is held for everybody else.
 */
export async function recordPrice(tx: Transaction, lesson: PriceLesson): Promise<void> {
  await recordPrices(tx, [lesson]);
}

/** The same of several runs. */
export async function recordPrices(tx: Transaction, lessons: readonly PriceLesson[]): Promise<void> {
  const told = lessons
    .map((lesson) => ({ ...lesson, costMicros: lesson.costMicros === 0n ? null : lesson.costMicros }))
    .filter(({ costMicros, seconds }) => costMicros !== null || seconds !== null);
  if (told.length === 0) return;
  const accounts = [...new Set(told.flatMap(({ providerAccount }) => providerAccount ?? []))];
  const own = await tx.providerKey.findMany({
    where: { account: { in: accounts } },
    select: { account: true },
  });
  const data = told
    .filter(({ providerAccount }) => !own.some(({ account }) => account === providerAccount))
    .map(({ model, environment, priceShape: shape, outputCount: outputs, costMicros, seconds, source }) => ({
      model,
      environment,
      shape,
      outputs,
      costMicros,
      seconds,
      source,
    }));
  if (data.length > 0) await tx.priceObservation.createMany({ data });
}
