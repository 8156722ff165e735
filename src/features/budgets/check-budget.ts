import { imageModels } from '../../catalogue/catalogue.ts';
import { InputProblem, NotFound } from '../../errors.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { problemsOfAmount } from '../../platform/graphql/amount.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import type { BudgetRow } from './budget.queries.ts';
import type { CreateBudgetInput, UpdateBudgetInput } from './budget.type.ts';

/** The field of the input that names the subject of each scope. */
const subjects = {
  MEMBER: 'memberId',
  API_KEY: 'apiKeyId',
  CHARACTER: 'characterId',
  MODEL: 'model',
} as const;
const mostThresholds = 10;

/** The problems of a budget's cap and thresholds. */
export function problemsOfLimits({ cap, thresholds }: UpdateBudgetInput | CreateBudgetInput): InputProblem[] {
  const problems = problemsOfAmount('cap', cap);
  if (thresholds && thresholds.length > mostThresholds) {
    const message = `thresholds must be at most ${mostThresholds}; got ${thresholds.length}.`;
    problems.push(new InputProblem(['input', 'thresholds'], message));
  }
  for (const [index, threshold] of (thresholds ?? []).slice(0, mostThresholds).entries()) {
    const before = thresholds?.[index - 1] ?? 0;
    if (threshold >= 1 && threshold > before && threshold <= 100) continue;
    const message = `thresholds must ascend from 1 to 100; got ${threshold}.`;
    problems.push(new InputProblem(['input', 'thresholds', index], message));
  }
  return problems;
}

/** The problems of a new budget's subject: exactly the field that the scope asks for must be given. */
export function problemsOfSubject(input: CreateBudgetInput): InputProblem[] {
  const wanted = input.scope === 'PROJECT' ? null : subjects[input.scope];
  const problems = Object.values(subjects).flatMap((field) => {
    const isGiven = input[field] != null;
    if (isGiven === (field === wanted)) return [];
    const message = `A budget of a ${input.scope} ${isGiven ? 'takes no' : 'needs'} ${field}.`;
    return [new InputProblem(['input', field], message)];
  });
  const known = imageModels.map(({ slug }) => slug);
  if (wanted === 'model' && input.model != null && !known.includes(input.model)) {
    const message = `There is no such model. The models are ${known.join(', ')}.`;
    problems.push(new InputProblem(['input', 'model'], message));
  }
  return problems;
}

/** The subject of a budget, as columns of its row. */
type Subject = Pick<BudgetRow, 'userId' | 'apiKeyId' | 'characterId' | 'model'>;

/** Finds the subject in the budget's own project. Throws NotFound. */
export async function findSubject(
  tx: Transaction,
  projectId: string,
  { memberId, apiKeyId, characterId, model }: CreateBudgetInput,
): Promise<Subject> {
  const subject: Subject = { userId: null, apiKeyId: null, characterId: null, model: model ?? null };
  if (memberId != null) {
    const where = { projectId, id: fromGlobalId('Member', memberId) };
    const member = await tx.member.findFirst({ where });
    if (!member) throw new NotFound('Member');
    return { ...subject, userId: member.userId };
  }
  if (apiKeyId != null) {
    const where = { projectId, id: fromGlobalId('ApiKey', apiKeyId) };
    if ((await tx.apiKey.count({ where })) === 0) throw new NotFound('ApiKey');
    return { ...subject, apiKeyId: where.id };
  }
  if (characterId != null) {
    const where = { projectId, id: fromGlobalId('Character', characterId) };
    if ((await tx.character.count({ where })) === 0) throw new NotFound('Character');
    return { ...subject, characterId: where.id };
  }
  return subject;
}
