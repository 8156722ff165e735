import type { Transaction } from '../../platform/db/connect.ts';

/** The cost and the time of a run, for the price book. Each is null when the provider does not report it. */
export interface PriceLesson {
  readonly model: string;
  readonly priceShape: string;
  readonly outputCount: number;
  readonly costMicros: bigint | null;
  readonly seconds: number | null;
  /** The account that paid. */
  readonly providerAccount: string | null;
  /** The environment of the run. */
  readonly environment: string;
  /** PROVIDER: the cost that the provider reports. BALANCE: the loss of the account's balance by the run. */
  readonly source: 'PROVIDER' | 'BALANCE';
}

/**
 * Adds an observation to the price book, in the transaction that books the run. The cost of a run on a project's own
 * account, and a cost of zero, are left out, because the book decides how much is held for the runs of all projects.
 */
export async function recordPrice(tx: Transaction, lesson: PriceLesson): Promise<void> {
  await recordPrices(tx, [lesson]);
}

/** The same for several runs. */
export async function recordPrices(tx: Transaction, lessons: readonly PriceLesson[]): Promise<void> {
  const known = lessons
    .map((lesson) => ({ ...lesson, costMicros: lesson.costMicros === 0n ? null : lesson.costMicros }))
    .filter(({ costMicros, seconds }) => costMicros !== null || seconds !== null);
  if (known.length === 0) return;
  const accounts = [...new Set(known.flatMap(({ providerAccount }) => providerAccount ?? []))];
  const own = await tx.providerKey.findMany({
    where: { account: { in: accounts } },
    select: { account: true },
  });
  const data = known
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
