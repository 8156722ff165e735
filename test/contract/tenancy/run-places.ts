import { of, outcomes, type Returning, root, type Taking, writing } from './places.ts';

const quoting = (input: string) => `{ quoteGeneration(input: { ${input} }) { userErrors { code } } }`;
const prompt = 'model: { consistentCharacter: { prompt: "x" } }';

/** What takes an id around a run: quotes, approvals, repeats, and what a person has found out. */
export function runTakings(models: Readonly<Record<string, readonly string[]>>): Record<string, Taking> {
  const { read, edit, own } = outcomes;
  const deciding = (name: string, more: string, passes: string): Taking =>
    writing(name, 'generation', (ids) => `id: "${ids.generation}"${more}`, own, { passes });
  /** A stranger's question about something that is not there: an empty answer. */
  const listing = (around: (list: string) => string): Taking => ({
    id: 'character',
    operation: ({ project, character }) => {
      const list = `generations(first: 5, filter: { characterId: "${character}" }) { totalCount nodes { id } }`;
      return `{ project(id: "${project}") { ${around(list)} } }`;
    },
    expected: { ...read, stranger: 'OK' },
  });
  const places: Record<string, Taking> = {
    'Project.generations(filter.characterId)': listing((list) => list),
    'Character.generations(filter.characterId)': listing(
      (list) => `characters(first: 1) { nodes { ${list} } }`,
    ),
    'Mutation.approveGeneration(input.id)': deciding('approveGeneration', '', 'NOT_AWAITING_APPROVAL'),
    'Mutation.rejectGeneration(input.id)': deciding('rejectGeneration', '', 'NOT_AWAITING_APPROVAL'),
    'Mutation.resolveUncertainGeneration(input.id)': deciding(
      'resolveUncertainGeneration',
      ', outcome: NOT_CHARGED',
      'NOT_UNCERTAIN',
    ),
    'Mutation.retryGeneration(input.id)': writing(
      'retryGeneration',
      'generation',
      (ids) => `id: "${ids.generation}"`,
      edit,
      { passes: 'NOT_RETRYABLE' },
    ),
    'Mutation.generate(input.quoteId)': writing(
      'generate',
      'character',
      (ids) => `characterId: "${ids.character}", quoteId: "x", ${prompt}`,
      edit,
      { passes: 'QUOTE_INVALID' },
    ),
    'Query.quoteGeneration(input.characterId)': {
      id: 'character',
      operation: (ids) => quoting(`characterId: "${ids.character}", ${prompt}`),
      expected: edit,
    },
    // Nothing is looked for behind it here: a quote needs no other.
    'Query.quoteGeneration(input.quoteId)': {
      id: 'character',
      operation: (ids) => quoting(`characterId: "${ids.character}", quoteId: "x", ${prompt}`),
      expected: edit,
    },
  };
  for (const [model, parameters] of Object.entries(models)) {
    for (const parameter of parameters) {
      for (const [name, id] of [
        ['referenceImageId', 'referenceImage'],
        ['imageId', 'image'],
      ] as const) {
        places[`Query.quoteGeneration(input.model.${model}.${parameter}.${name})`] = {
          id,
          operation: (ids) =>
            quoting(
              `characterId: "${ids.character}", model: { ${model}: { prompt: "x", ${parameter}: { ${name}: "${ids[id]}" } } }`,
            ),
          expected: edit,
        };
      }
    }
  }
  return places;
}

/** What returns an id around a run. */
export function runReturnings(): Record<string, Returning> {
  const { edit, admin } = outcomes;
  const run = (selection: string) => of('Generation', 'generation', selection);
  const quote = (selection: string) =>
    root(
      (ids) =>
        `{ quoteGeneration(input: { characterId: "${ids.character}", ${prompt} }) { quote { ${selection} } } }`,
      edit,
    );
  return {
    'ReconciliationLine.candidates': root(
      () => '{ reconciliation(first: 5) { lines { nodes { candidates { id } } } } }',
      admin,
    ),
    'StorageSweep.missing': root(() => '{ storageSweep { missing } }', admin),
    'Generation.retryOf': run('retryOf { id }'),
    'Generation.retriedAs': run('retriedAs { id }'),
    // Null for those who may not see people or keys.
    'Generation.requestedBy': run('requestedBy { id }'),
    'Generation.requestedWith': run('requestedWith { id }'),
    // Null for those who may not read what is spent.
    'Generation.ledgerEntries': run('ledgerEntries { id }'),
    'Quote.id': quote('id'),
    'BudgetVerdict.budget': quote('budgets { budget { id } }'),
    'Quote.alreadyOwned': quote('alreadyOwned { id }'),
  };
}
