import { BudgetExceeded, type InputPath } from '../../errors.ts';
import { formatMicros } from '../../money.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import type { BudgetRow } from './budget.queries.ts';
import { readStandings, type Standing } from './windows.ts';

/** The facts of a run that decide which budgets cover it. */
interface BudgetedRun {
  readonly projectId: string;
  /** The user and the key are both null for the admin. */
  readonly userId: string | null;
  readonly apiKeyId: string | null;
  readonly characterId: string;
  /** The model's slug. */
  readonly model: string;
}

/** Whether an amount of micro-dollars fits into a budget. */
export interface BudgetVerdict {
  readonly budget: BudgetRow;
  readonly window: Standing;
  readonly available: bigint;
  readonly required: bigint;
  readonly fits: boolean;
}

/**
 * Whether an amount fits into each budget that covers the run, oldest budget first. Unless the caller has the project's
 * lock, the answer can change at once; the database refuses a hold that does not fit when the hold is written.
 */
export async function judgeBudgets(
  db: Pick<Transaction, '$queryRaw' | 'budget'>,
  { projectId, userId, apiKeyId, characterId, model }: BudgetedRun,
  amountMicros: bigint,
): Promise<BudgetVerdict[]> {
  const covering = await db.$queryRaw<{ id: string }[]>`
    SELECT id::text AS id FROM budgets b WHERE project_id = ${projectId}::uuid
      AND budget_covers(b, ${userId}::uuid, ${apiKeyId}::uuid, ${characterId}::uuid, ${model})`;
  if (covering.length === 0) return [];
  const ids = covering.map(({ id }) => id);
  const budgets = await db.budget.findMany({
    where: { id: { in: ids } },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
  const standings = new Map(await readStandings(db, ids));
  return budgets.flatMap((budget) => {
    const window = standings.get(budget.id);
    if (!window) return [];
    const available = window.availableMicros;
    return [{ budget, window, available, required: amountMicros, fits: amountMicros <= available }];
  });
}

const whose: Readonly<Record<BudgetRow['scope'], string>> = {
  PROJECT: "the project's budget",
  MEMBER: "the member's budget",
  API_KEY: "the API key's budget",
  CHARACTER: "the character's budget",
  MODEL: "the model's budget",
};
const when: Readonly<Record<BudgetRow['period'], string>> = {
  DAY: 'for today',
  MONTH: 'for this month',
  TOTAL: 'in total',
};

/** The error that names each budget that the amount does not fit into; null when it fits into all. */
export function refusalOf(
  verdicts: readonly BudgetVerdict[],
  path: InputPath | null = null,
): BudgetExceeded | null {
  const [first, ...others] = verdicts.filter(({ fits }) => !fits);
  if (!first) return null;
  const shortages = [first, ...others].map(
    ({ budget, available }) =>
      `${whose[budget.scope]} ${when[budget.period]} has ${formatMicros(available)} available`,
  );
  return new BudgetExceeded(
    `Up to ${formatMicros(first.required)} is needed; ${shortages.join(', ')}.`,
    path,
  );
}
