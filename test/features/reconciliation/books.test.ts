import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { auditBooks, booksSql } from '../../../src/features/reconciliation/books.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { Dramatis } from '../../support/dramatis.ts';
import { mutate } from '../../support/people.ts';

const admin = { key: 'test_admin_key_0123456789' };
let dramatis: Dramatis;
let db: Database;
beforeAll(async () => {
  dramatis = await Dramatis.start();
  db = connectDatabase(dramatis.database.url, { maxConnections: 2 });
  const { projectId, characterId } = await dramatis.cast();
  for (const period of ['DAY', 'TOTAL'])
    await mutate(
      dramatis,
      admin,
      'createBudget',
      { projectId, scope: 'PROJECT', period, cap: '10' },
      'budget { id }',
    );
  const ids = await Promise.all(
    ['one', '[[simulate:failed]] two', '[[simulate:lost]] three'].map((prompt) =>
      dramatis.generate(characterId, prompt),
    ),
  );
  for (const id of ids) await dramatis.settle(id);
});
afterAll(async () => {
  await db.$disconnect();
  await dramatis.stop();
});

it('finds nothing where nothing is wrong, by Prisma or by SQL', async () => {
  expect(await auditBooks(db)).toEqual([]);
  expect(await dramatis.database.query(booksSql)).toEqual([]);
});

it.each([
  ['RUN_COST', "UPDATE generations SET cost_micros = cost_micros + 1 WHERE prompt = 'one'", 'generations'],
  ['RUN_HOLD', "UPDATE generations SET cost_micros = NULL WHERE prompt LIKE '%two'", 'generations'],
  ['RUN_COST', "UPDATE ledger_entries SET amount_micros = 1 WHERE kind = 'CHARGE'", 'ledger_entries'],
  ['RUN_MISSING', 'UPDATE ledger_entries SET generation_id = gen_random_uuid()', 'ledger_entries'],
  ['LEDGER_ENTRY', "UPDATE ledger_entries SET model = 'another'", 'ledger_entries'],
  ['LEDGER_ENTRY', 'UPDATE ledger_entries SET project_id = gen_random_uuid()', 'ledger_entries'],
  ['BUDGET_SETTLED', 'UPDATE budget_windows SET settled_micros = settled_micros + 1', 'budget_windows'],
  ['BUDGET_HELD', 'UPDATE budget_windows SET held_micros = held_micros + 1', 'budget_windows'],
  ['BUDGET_CAP', 'UPDATE budgets SET cap_micros = cap_micros + 1', 'budgets'],
  ['BUDGET_MISSING', 'DELETE FROM budget_windows', 'budget_windows'],
  ['ACCOUNT_TOTAL', 'UPDATE account_totals SET spent_micros = spent_micros - 1', 'account_totals'],
  [
    'ROLLUP',
    "UPDATE spend_rollups SET amount_micros = amount_micros + 1 WHERE slice = 'MEMBER'",
    'spend_rollups',
  ],
  ['ROLLUP', "DELETE FROM spend_rollups WHERE slice = 'MODEL'", 'spend_rollups'],
  ['ROLLUP', "UPDATE spend_rollups SET model = 'another' WHERE slice = 'MODEL'", 'spend_rollups'],
  ['ROLLUP_COUNTS', "UPDATE spend_rollups SET pictures = pictures + 1 WHERE slice = 'ALL'", 'spend_rollups'],
  ['SLOTS', 'UPDATE projects SET active_generations = active_generations + 1', 'projects'],
])('%s: it finds a change that was made with the triggers disabled', async (kind, change, table) => {
  const found = await db
    .$transaction(async (tx) => {
      await tx.$executeRawUnsafe(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
      await tx.$executeRawUnsafe(change);
      const problems = await auditBooks(tx);
      throw Object.assign(new Error('undone'), { problems });
    })
    .catch((error: { problems?: unknown }) => error.problems);
  expect(found).toEqual(expect.arrayContaining([expect.objectContaining({ kind })]));
  expect(await auditBooks(db)).toEqual([]);
});

it('is told to the admin with the report', async () => {
  const { reconciliation } = await dramatis.get('{ reconciliation(first: 1) { books { kind subject } } }');
  expect(reconciliation.books).toEqual([]);
});
