import type { Transaction } from '../../platform/db/connect.ts';
import { storableJson } from '../../platform/db/storable.ts';

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
  const rows = known.map(({ priceShape: shape, outputCount: outputs, costMicros, ...lesson }) => ({
    model: lesson.model,
    environment: lesson.environment,
    shape,
    outputs,
    cost_micros: costMicros?.toString() ?? null,
    seconds: lesson.seconds,
    source: lesson.source,
    account: lesson.providerAccount,
  }));
  await tx.$executeRaw`
    INSERT INTO price_observations (model, environment, shape, outputs, cost_micros, seconds, source)
    SELECT model, environment, shape, outputs, cost_micros, seconds, source
    FROM jsonb_to_recordset(${storableJson(rows)}::jsonb) AS l(model text, environment text, shape text, outputs int,
      cost_micros bigint, seconds float8, source text, account text)
    WHERE NOT EXISTS (SELECT FROM provider_keys k WHERE k.account = l.account)`;
}
