import { BudgetExceeded, type InputPath } from '../../errors.ts';
import { formatMicros } from '../../money.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import type { BudgetRow } from './budget.queries.ts';
import { readStandings, type Standing } from './windows.ts';

/** What a run is to its budgets. */
interface BudgetedRun {
  readonly projectId: string;
  /** Neither for the admin. */
  readonly userId: string | null;
  readonly apiKeyId: string | null;
  readonly characterId: string;
  /** The slug. */
  readonly model: string;
}

/** What a budget says to an amount of micro-dollars. */
export interface BudgetVerdict {
  readonly budget: BudgetRow;
  readonly window: Standing;
  readonly available: bigint;
  readonly required: bigint;
  readonly fits: boolean;
}

/**
 * What each budget that covers such a run says to an amount, oldest first. Only a hold settles it, unless the caller
 * has the project's lock: the database refuses what does not fit when it comes to that.
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

/** The refusal that verdicts amount to, naming every budget without room; null when all fit. */
export function refusalOf(
  verdicts: readonly BudgetVerdict[],
  path: InputPath | null = null,
): BudgetExceeded | null {
  const [first, ...others] = verdicts.filter(({ fits }) => !fits);
  if (!first) return null;
  const told = [first, ...others].map(
    ({ budget, available }) =>
      `${whose[budget.scope]} ${when[budget.period]} has ${formatMicros(available)} available`,
  );
  return new BudgetExceeded(`Up to ${formatMicros(first.required)} is needed; ${told.join(', ')}.`, path);
}
